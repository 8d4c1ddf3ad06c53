"""Lists as agencies are told of them: lines, editions, holds, and what is told instead of the computed list.

Begin with ``book``, the list stage.
"""
