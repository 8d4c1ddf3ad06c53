"""Files on disk: written whole or not at all, private, and noted in the account of the run.

Begin with ``files``, through which every layer from here on writes.
"""
