"""How large a policy may be: the numbers that the checker, the compiler and the kernels share.

``policies.checking.checker`` refuses what is larger, with its place; ``matchers.program.compile`` refuses it once more, so that a policy
which came another way is never evaluated. The kernels have no such number of their own: their buffers are as long as what they run
(ARCHITECTURE.md, "Sizes").
"""

from __future__ import annotations

CHARACTERS = 512_000
"""Of a document."""
DEPTH = 48
"""Levels of a document. A rule deeper than this is not read by anybody."""
CRITERIA = 4_096
"""Nodes of a rule, definitions written out at each use, ``where`` included."""
LEVELS = 64
"""Levels of a rule, definitions written out. Whatever walks the tree calls itself once a level, far from Python's 1,000."""
LIST = 10_000
"""Values of one ``in`` or ``not_in``; each is a plane of its own in the compiled program."""
KEYS = 10_000
"""Values a table's key, or a divisor, may have: the integers of a field from its declared ``min`` to ``max``, none beyond DIVISOR."""
DIVISOR = 9_999
ENTRIES = 500
"""Dated values of one parameter; each use of it looks at all of them."""
CELLS = 250_000
"""Rows of constants that the tables of one policy take: for each use of a table in another comparison, as many as its field has values."""
WORK = 50_000
"""Comparisons it may take to judge one subject, as ``policies.checking.cost`` counts them; about 1 KB of planes each, for 4,096
subjects."""
NOTEWORTHY = 5_000
"""From so many comparisons on, ``policy check`` tells of them."""
WHOLE = 2**62
"""Encoded values are smaller than this; the kernels' intervals end here (``kernels.LOW``, ``HIGH``), so that two ends add up in 64 bits."""
QUOTIENT = WHOLE // (DIVISOR + 1)
"""What a sum is compared with, and its denominator, are smaller: times a divisor they still fit."""
