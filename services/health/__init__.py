"""The health of a workspace: what is to be mended.

Begin with ``examination``, which ``doctor`` calls; ``state`` examines the state.
"""
