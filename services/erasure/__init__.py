"""The erasure of a person from a workspace, and from a network.

Begin with ``erasing``.
"""
