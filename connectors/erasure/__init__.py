"""An erased person taken out of copies of lists and files.

Begin with ``copies``.
"""
