"""Limits on the memory and time that an incoming file may cost.

Every reader checks its input against these limits before it allocates memory. A real file is far below them: a million rows and more,
packed to a twentieth. A file beyond them is broken or an attack; it is refused, with the limit, the place and what to do. docs/en/feeds.md
lists the limits for those who make files.
"""

from __future__ import annotations

from typing import Protocol

LONGEST_LINE = 1 << 20
"""Bytes of one line, record or message; also of one cell of a workbook."""
MOST_COLUMNS = 4096
"""Columns of a table; keys of a JSON object, and of all objects of a file together."""
MOST_ROWS = 50_000_000
"""Rows of a delivery."""

EXPANSION = 100
"""How many times its packed size a file may unpack to. Records pack to a tenth or a twentieth; only repetition packs a thousandfold."""
FREE = 32 << 20
"""Bytes that may be unpacked before the expansion counts."""

LARGEST_DIRECTORY = 1 << 20
"""Bytes of the directory of an archive: some ten thousand members."""
LARGEST_SHEET = 4 << 30
LARGEST_STRINGS = 512 << 20
LARGEST_PART = 16 << 20
"""Bytes, unpacked, of the XML of a sheet, of a workbook's shared texts, of any other part that is read."""
MOST_SHEETS = 256
MOST_CELLS = 100_000_000
"""Cells in the rectangle that a sheet spans: the reader allocates all of them."""
SPARSE, FEW_CELLS = 20, 2_000_000
"""A sheet that spans more than ``FEW_CELLS`` must fill one cell in twenty."""
MOST_MARKED = 500_000
"""Cells of a sheet that cannot be read: errors, formulas without a result, the rest of merged cells."""

LARGEST_STATEMENTS = 8 << 20
"""Bytes of a file of coverage statements."""
LARGEST_DOCUMENT = 8 << 20
"""Bytes of a document that a person wrote; ``policies.yaml.document`` bounds what it may hold."""


class SupportsRead(Protocol):
    """Anything that is read in blocks."""

    def read(self, size: int, /) -> bytes: ...


def read_bounded(stream: SupportsRead, packed: int) -> bytes:
    """All bytes that a stream unpacks to, within the limit of expansion.

    Args:
        packed: its number of packed bytes.

    Raises:
        ValueError: it unpacks to more.
    """
    blocks, length = list[bytes](), 0
    while block := stream.read(1 << 20):
        blocks.append(block)
        length += len(block)
        if length > FREE and length > EXPANSION * packed:
            raise ValueError("unpacks to far more than it is long")
    return b"".join(blocks)


def overlong(data: bytes) -> int:
    """Where the first line begins that is longer than ``LONGEST_LINE``; -1 where none is.

    Example:
        >>> overlong(b"a\\n" * 1_000_000), overlong(b"a\\n" + b"b" * (LONGEST_LINE + 1))
        (-1, 2)
    """
    start = 0
    while len(data) - start > LONGEST_LINE:
        end = data.rfind(b"\n", start, start + LONGEST_LINE + 1)
        if end < 0:
            return start
        start = end + 1
    return -1
