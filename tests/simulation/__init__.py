"""A simulator of a small district: random schedules of messages and crashes, each compared with one recomputation over the facts.

A fact is a message that the host acknowledged. At a quiet point, the computed lists, verdicts, editions and reasons must be what the naive
evaluator says of the facts, in any order. Suppressions and holds depend on the order of the messages; a second fold (``beside``) takes the
same order. A seed is a schedule; ``python -m tests.simulation --seed N`` replays one.

Modules in the order of import: ``network`` (documents), ``naming`` (identity decisions), ``facts`` (what was acknowledged), ``drawing`` (the
random choices of a schedule), ``kinds/`` (everything that can happen, a module for each subject), ``schedule``, ``materialized_lists`` and
``expecting`` (what must hold), ``beside``, ``hosting`` (a host that dies), ``running``, ``shrinking``, ``planted_bugs``.
"""
