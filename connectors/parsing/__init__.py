"""Files as offices make them, read into rows of text: CSV, JSON lines, workbooks, in any encoding, within limits.

Begin with ``tables``.
"""
