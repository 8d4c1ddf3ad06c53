"""Tests of the streams layer: messages, steps, editions, hosts and crashes."""
