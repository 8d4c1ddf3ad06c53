"""Many subjects at once: lists, counts, funnels, and differences between two policies or two evaluations.

Begin with ``evaluation`` (judges everybody) and ``compare`` (who is on a list, and what changed).
"""
