"""Pseudonymous DuckDB snapshots for analysts.

Begin with ``snapshot``.
"""
