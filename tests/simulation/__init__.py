"""A simulator that tells a small district's story to a host in every order, with crashes, and holds what it says against one recomputation.

The one idea: whatever was acknowledged is a fact; lists as found, unknowns, editions and reasons at a quiet point are what the naive evaluator
says of the bare facts, in any order. Who is kept off a list and what is held back do follow from the order; a fold by hand takes the same one.
A seed is a schedule; ``python -m tests.simulation --seed N`` replays one. In the order of import: ``network`` (documents), ``naming`` (whom
names name), ``facts`` (what was acknowledged), ``drawing`` (what a schedule is drawn with), ``kinds/`` (everything that can happen, a module
for each subject), ``schedule``, ``told`` and ``expecting`` (what must hold), ``beside`` (the fold by hand), ``hosting`` (a host that dies),
``running``, ``shrinking``, ``planted``.
"""
