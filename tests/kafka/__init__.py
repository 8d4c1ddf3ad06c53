"""A real Kafka, and the ways to it."""
