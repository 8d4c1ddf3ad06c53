"""What a rule may say: the words of a document, the checked tree they become, and the catalogue they are checked against.

Begin with ``tree``: the meaning of a published policy. ``models`` and ``shapes`` are the words it is written in.
"""
