"""Checking a policy document against the feed catalogue: every problem at once, or the checked tree.

Begin with ``checker``.
"""
