"""What a workspace remembers of the pulls of a feed: how far they came, and the file of one that is not complete yet.

Called by ``services.deliveries.pull_tasks``. In ``pulls/FEED`` lie ``state.json``, the receipts and, while a pull is taken in, its file and
``pending.json``. The file is whole before ``pending.json`` is there, and goes only after the state was noted. So a stop at any point takes
the same bytes in again, or pulls them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.contracts.faults import UnreadableFile
from connectors.parsing.steady import Steady
from connectors.pickup.drop_folder import alone
from infra.workspace.texts import DamagedFile
from policies.values import Text
from streams.disk.files import LONGEST, Unfit, bytes_at, make_folder, remove, write_whole

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace

FOLDER, STATE, PENDING, RECEIPTS = "pulls", "state.json", "pending.json", "receipts"
WAY_OUT = Text(
    "它记着从外面取到了哪里。请从备份恢复它；没有备份就移走它，下次从头取，已有的记录不会重复。",
    "It says how far was pulled. Restore it from a backup; without one, move it away: the next pull begins anew; no record comes twice.",
)


@dataclass(frozen=True, slots=True)
class PullState:
    """How far a feed was pulled.

    Args:
        number: of the last pull that was taken in, from 1.
        started: when the last run began, in ISO 8601 with its zone; "" before the first.
        about: what was pulled (a digest of query and column, or the place of the files); a pull of something else begins anew.
        kind, watermark: of a database, the greatest value of the watermark column; "" where there is none.
        digest: of the content that was taken in last.
        delivery: the number of its delivery.
        files: of a server of files, size, time and digest of each that was taken in or refused, by name.
        listing: size and time of each file when it was last looked at.
    """

    number: int = 0
    started: str = ""
    about: str = ""
    kind: str = ""
    watermark: str = ""
    digest: str = ""
    delivery: int = 0
    files: Mapping[str, list[Any]] = field(default_factory=dict)
    listing: Mapping[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PendingPull:
    """A pull whose file is whole and not taken in yet.

    Args:
        file: its name in the folder of the feed; ``digest`` is of its bytes.
        id: of its delivery; None for one that is known by its content.
        as_json: it has JSON lines, whatever the contract says of the unit's files.
        state: what is to be noted once it is taken in.
        refusal: what is to be noted if it is refused.
    """

    file: str
    digest: str
    id: str | None
    as_json: bool
    state: PullState
    refusal: PullState


class PullNotes:
    """The notes of one feed's pulls."""

    def __init__(self, workspace: Workspace, feed: str) -> None:
        self.folder = workspace.folder(FOLDER) / feed

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Makes the folder, and waits until nobody else pulls this feed."""
        make_folder(self.folder)
        with alone(self.folder):
            yield

    def state(self) -> PullState:
        """How far the feed was pulled.

        Raises:
            DamagedFile: the note cannot be read back.
        """
        facts = self._read(STATE)
        if facts is None:
            return PullState()
        state: PullState = _dataclass_of(self.folder / STATE, PullState, facts)
        return state

    def pending(self) -> PendingPull | None:
        """The pull that is not complete; None where there is none, or where its file is not as it was (an erasure may have scrubbed it).

        Raises:
            DamagedFile: the note cannot be read back.
        """
        facts = self._read(PENDING)
        if facts is None:
            return None
        path = self.folder / PENDING
        states = {name: _dataclass_of(path, PullState, facts.get(name)) for name in ("state", "refusal")}
        pending: PendingPull = _dataclass_of(path, PendingPull, {**facts, **states})
        try:
            if Steady(self.folder / pending.file).digest() == pending.digest:
                return pending
        except UnreadableFile:
            pass
        self._drop(pending)
        return None

    def begin(self, pending: PendingPull) -> None:
        """Notes that the file of a pull is whole."""
        write_whole(self.folder / PENDING, json.dumps(asdict(pending), ensure_ascii=False) + "\n")

    def note(self, state: PullState) -> None:
        """Notes how far the feed was pulled."""
        write_whole(self.folder / STATE, json.dumps(asdict(state), ensure_ascii=False) + "\n")

    def finish(self, pending: PendingPull, delivery: int | None) -> None:
        """Notes what came of a pull, and removes its file.

        Args:
            delivery: the number of its delivery; None where it was refused.
        """
        self.note(pending.refusal if delivery is None else replace(pending.state, delivery=delivery))
        self._drop(pending)

    def receipt_place(self, pending: PendingPull) -> Path:
        """Beside which the receipt of a pull is written."""
        return self.folder / RECEIPTS / f"{pending.state.number:06d}-{Path(pending.file).name}"

    def _drop(self, pending: PendingPull) -> None:
        remove(self.folder / PENDING)
        remove(self.folder / pending.file)

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        try:
            facts = json.loads(bytes_at(path, 64 * LONGEST))
        except FileNotFoundError:
            return None
        except Unfit as error:
            raise DamagedFile(path, error.why, WAY_OUT) from None
        except ValueError:
            raise DamagedFile(path, Text("已损坏", "is damaged"), WAY_OUT) from None
        if not isinstance(facts, dict):
            raise DamagedFile(path, Text("已损坏", "is damaged"), WAY_OUT)
        return facts


def _dataclass_of(path: Path, kind: Any, facts: Any) -> Any:
    try:
        return kind(**facts)
    except TypeError:
        raise DamagedFile(path, Text("已损坏", "is damaged"), WAY_OUT) from None
