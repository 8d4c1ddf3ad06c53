"""What the streams layer promises: messages, steps, editions, hosts, crashes."""
