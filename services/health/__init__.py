"""What is to be mended in a workspace.

Begin with ``examination``, which ``doctor`` calls; ``state`` looks at the state.
"""
