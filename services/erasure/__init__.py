"""A person erased from a workspace, and from a network.

Begin with ``erasing``.
"""
