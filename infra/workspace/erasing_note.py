"""The note of an unfinished erasure: the person, the message, and where the person's rows came from.

``services.erasure.erasing`` writes and removes it. It holds a person's numbers, so it is encrypted with the key of the vault.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.keys import derived_key
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import sync_folder, write_whole

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from matchers.matrix.erasure import Trace
    from streams.language.messages import PersonErased

NOTE = "erasing.sealed"
_DAMAGED = Text(
    f"未做完的删除所写的记录 identity/{NOTE} 已损坏或读不出。"
    "请删去这个文件，运行 huimin erase finish，再对同一人运行一次 huimin erase person。",
    f"The note of the erasure that is half done, identity/{NOTE}, is damaged or cannot be read. Remove the file, run huimin erase finish, "
    "then huimin erase person once more for the same person.",
)


@dataclass(frozen=True, slots=True)
class ErasureNote:
    """The person of an erasure, where their rows came from, and the message; None: the erasure was decided before."""

    token: int
    numbers: tuple[str, ...]
    traces: tuple[Trace, ...]
    message: PersonErased | None


def has_unfinished_erasure(workspace: Workspace) -> bool:
    """Whether an erasure is unfinished."""
    return note_path(workspace).exists()


def note_path(workspace: Workspace) -> Path:
    """The path of the note."""
    return workspace.folder("identity") / NOTE


def write_note(workspace: Workspace, note: ErasureNote) -> None:
    from connectors.identity.segments import seal
    from streams.wire.wire import encode

    message = None if note.message is None else encode(note.message).hex()
    facts = {"token": note.token, "numbers": note.numbers, "traces": note.traces, "message": message}
    write_whole(note_path(workspace), seal(derived_key(workspace.key(), "vault"), NOTE, json.dumps(facts).encode()))


def read_note(workspace: Workspace) -> ErasureNote:
    """The stored note.

    Raises:
        HuiminError: it cannot be read; says how to go on without it.
    """
    from connectors.identity.segments import unseal
    from matchers.matrix.erasure import Trace
    from streams.language.messages import PersonErased
    from streams.wire.wire import decode

    try:
        facts: dict[str, Any] = json.loads(unseal(derived_key(workspace.key(), "vault"), NOTE, note_path(workspace).read_bytes()))
    except (OSError, ValueError):
        raise HuiminError(_DAMAGED) from None
    message = None if facts["message"] is None else decode(bytes.fromhex(facts["message"]))
    assert message is None or isinstance(message, PersonErased)
    return ErasureNote(facts["token"], tuple(facts["numbers"]), tuple(Trace(*trace) for trace in facts["traces"]), message)


def remove_note(workspace: Workspace) -> None:
    path = note_path(workspace)
    path.unlink()
    sync_folder(path.parent)
