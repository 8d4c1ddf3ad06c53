"""Removal of an erased person from the files of a store and of a worker.

Begin with ``scrub``.
"""
