"""The state on disk: the log, its chain, checkpoints, recovery, and the state of an earlier moment.

Begin with ``log``, then ``recovery``.
"""
