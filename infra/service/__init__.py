"""A running service: a workspace that is open all the time, for people, units and machines.

Three kinds of processes: the *front* (HTTP, schedule; ``huimin up`` itself), the *engine* (the only writer, ``streams.served.engine``), and
the *reader* (``reader``), which follows the log, answers short questions, and forks a child for each verb of the command line and each long
piece of work. Begin with ``processes``; ``calls`` is what the front asks of the reader, ``verbs`` how the command line gets there.
"""
