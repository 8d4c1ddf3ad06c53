"""Reads the files of offices into rows of text: CSV, JSON lines and workbooks, in any encoding, within limits.

Begin with ``tables``.
"""
