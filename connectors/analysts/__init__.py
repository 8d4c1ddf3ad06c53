"""Snapshots for analysts: pseudonymous tables, or figures about groups of people.

Begin with ``snapshot``; ``disclosure`` decides what figures the open grade publishes.
"""
