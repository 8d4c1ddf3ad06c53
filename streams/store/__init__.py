"""The state on disk: the log and its chain, checkpoints, recovery, and the state at an earlier moment.

Begin with ``log``, then ``recovery``.
"""
