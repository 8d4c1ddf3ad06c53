"""Many subjects at once: lists, counts, funnels, and how two policies or two evaluations differ.

Begin with ``evaluation`` (everybody judged) and ``compare`` (who is on a list, and what changed).
"""
