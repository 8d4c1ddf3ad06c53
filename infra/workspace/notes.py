"""Files of notes beside a workspace's state: which file a delivery was, which rows somebody closed.

A lost line would be an event that never happened. So a file of notes ends with the digest of its lines, and every note writes the whole
file anew. A file that cannot be read back is an error; nothing is guessed. Called by ``services.deliveries.delivery`` and
``services.deliveries.open_cells``; ``infra.workspace.open_figures`` writes lines of its own so. ``connectors.erasure.scrubbing`` takes a
person out of such a file, and makes the digest anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

from infra.workspace.texts import DamagedFile
from policies.values import Text
from streams.disk.files import Unfit, bytes_at, write_whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

L = TypeVar("L")

LONGEST = 1 << 30
SEAL = "sha256"


@dataclass(frozen=True, slots=True)
class NoteFile(Generic[T]):
    """A file of notes.

    Args:
        kind: the type of a line: a dataclass of plain values.
        way_out: what to do when the file is damaged.
    """

    path: Path
    kind: type[T]
    way_out: Text

    def read(self) -> list[T]:
        """The notes in order; none where there is no file.

        Raises:
            DamagedFile: the file cannot be read back.
        """
        return [read_line(self.path, number, line, self._note, self.way_out) for number, line in enumerate(self._lines(), 1)]

    def add(self, note: T) -> None:
        """Appends a note, which is durable when this returns.

        Raises:
            DamagedFile: the file cannot be read back; it stays as it is.
        """
        write_sealed_lines(self.path, [*self._lines(), _line(asdict(note))])

    def _lines(self) -> list[bytes]:
        return sealed_lines(self.path, self.way_out)

    def _note(self, **facts: Any) -> T:
        note = self.kind(**facts)
        if any(not isinstance(getattr(note, name), kind) for name, kind in get_type_hints(self.kind).items()):
            raise TypeError("facts")
        return note


def sealed_lines(path: Path, way_out: Text) -> list[bytes]:
    """The lines of a file that ends with their digest; none where there is no file.

    Raises:
        DamagedFile: the file is not whole, or was changed.
    """
    try:
        data = bytes_at(path, LONGEST)
    except FileNotFoundError:
        return []
    except Unfit as error:
        raise DamagedFile(path, error.why, way_out) from None
    *lines, seal = data.splitlines(keepends=True) or [b""]
    if seal != _seal(lines):
        raise DamagedFile(path, Text("不完整，或内容被改动过", "is not whole, or was changed"), way_out)
    return lines


def write_sealed_lines(path: Path, lines: list[bytes]) -> None:
    """Writes a file of lines that ends with their digest; it is durable when this returns."""
    write_whole(path, b"".join((*lines, _seal(lines))))


def read_line(path: Path, number: int, line: bytes, make: Callable[..., L], way_out: Text) -> L:
    """The object in a line of JSON in a file of a workspace.

    Raises:
        DamagedFile: the line holds no such object.
    """
    try:
        if not line.endswith(b"\n"):
            raise ValueError("cut")
        return make(**json.loads(line))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise DamagedFile(path, Text(f"第 {number} 行已损坏", f"is damaged at line {number}"), way_out) from None


def _line(facts: Any) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def _seal(lines: list[bytes]) -> bytes:
    return json.dumps({SEAL: sha256(b"".join(lines)).hexdigest()}, separators=(",", ":")).encode() + b"\n"
