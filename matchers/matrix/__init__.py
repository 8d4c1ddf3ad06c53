"""The matrix: records, subjects, coverage and identity, and everything that alters them.

Begin with ``store``. ``staging`` turns rows of a delivery into alterations; ``coverage`` holds what proves absence.
"""
