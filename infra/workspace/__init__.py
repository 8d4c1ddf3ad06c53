"""A workspace: the folder of one network, opened, guarded and upgraded to later formats.

Begin with ``workspace``, the one place that joins documents, key, state and identities.
"""
