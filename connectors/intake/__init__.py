"""Rows of a delivered file become record batches for a host.

Begin with ``intake``; ``delivery`` numbers, resumes and completes deliveries.
"""
