"""The embedded host: one process, no broker.

Begin with ``host``.
"""
