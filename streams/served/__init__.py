"""One host, served to other processes of the same machine.

``engine`` owns the host and applies the messages of its clients; ``served_host`` is the host of a client: its state follows the log, and
what it submits goes to the engine. ``channel`` carries objects between them. Begin with ``served_host``.
"""
