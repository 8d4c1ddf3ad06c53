"""Kafka: the brokers of one machine, the topics, and how any Kafka is connected to."""
