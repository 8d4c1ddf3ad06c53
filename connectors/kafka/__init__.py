"""Clients of a Kafka broker (our own topics, units' and agencies' topics), and the depot of checkpoints.

Begin with ``broker``.
"""
