"""How one catalogue follows another: what a contract may become once records are held under it.

Begin with ``growth``.
"""
