"""Lists of candidates and all work on them: changes, editions, evidence, explanations, holds and outcomes.

Begin with ``candidates``.
"""
