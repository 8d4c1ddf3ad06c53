"""Scrubs an erased person out of copies of lists and files.

Begin with ``copies``.
"""
