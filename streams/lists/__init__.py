"""The lists that agencies are told: lines, editions, holds, and overrides of the computed list.

Begin with ``book``, the list stage.
"""
