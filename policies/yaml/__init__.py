"""From the text of a document to checked shapes, every node with its line and column.

Begin with ``document``. ``structure`` validates one part against its class; ``slips`` and ``unparsed`` say how a text was mistyped.
"""
