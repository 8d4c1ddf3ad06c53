"""Units, feed contracts and statements as people write them, and the catalogue they become.

Begin with ``catalogue``; ``forms`` says which keys may stand where.
"""
