"""Files: whole or not there, private, and accounted for.

Begin with ``files``, through which every layer from here on writes.
"""
