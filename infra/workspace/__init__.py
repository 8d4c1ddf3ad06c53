"""A workspace: the folder of one network, opened, guarded and brought on to later formats.

Begin with ``workspace``, the one place where documents, key, state and identities are joined.
"""
