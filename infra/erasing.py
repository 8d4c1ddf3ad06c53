"""A person erased from a workspace: the order of work, and how a stopped one is finished.

The one idea: what is to be done is written down first, with whom it is about, and that note goes last; everything between may be done
again. So whoever is stopped anywhere runs ``huimin erase finish``, and nothing is written or told of the past before that
(``streams.host``, ``streams.known``).

    note → message (she leaves state and lists) → copies → vault → log and snapshots → workers and topics → note gone

Source: docs/semantics.md section 16.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.evaluate import core
from infra.network_erasing import emptied, network_host, topics_of
from infra.workspace import CLOSING_ROWS, Workspace, parts
from policies.problems import Conflict, HuiminError
from policies.values import Kind, Text
from streams.errors import UNFINISHED, Refused

if TYPE_CHECKING:
    from connectors.copies import Copies
    from connectors.emptying import Emptied
    from matchers.erasing import Trace
    from streams.host import Host
    from streams.messages import PersonErased
    from streams.scrubbing import Scrubbed

NOTE = "erasing.json"
SHORTEST = 8
"""Characters of an identifier by which copies are searched: a shorter one may be anything."""


@dataclass(slots=True)
class Erasure:
    """What an erasure has done.

    Args:
        day: on which it was decided. already: it was finished before; nothing was done.
        lists: by policy, what she was on the list as.
        vault: rows of the vault that went.
        network: what was done in the topics, where there is a network.
    """

    day: date
    already: bool = False
    lists: dict[str, str] = field(default_factory=dict)
    copies: Copies | None = None
    vault: int = 0
    store: Scrubbed | None = None
    network: Emptied | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be done: whom it is about, where her rows came from, and the message (None: it is in the log)."""

    token: int
    numbers: tuple[str, ...]
    traces: tuple[Trace, ...]
    message: PersonErased | None


def token_of(workspace: Workspace, who: str) -> int:
    """The token of a person told by number or by token.

    Raises:
        HuiminError: it is neither; does not repeat what was typed.
    """
    text = who.strip()
    if len(text) == 16 and set(text) <= set("0123456789abcdef"):
        return int(text, 16)
    register = workspace.catalogue().register(Kind.PERSON)
    found = None if register is None else workspace.tokens().one(Kind.PERSON, register.identify, text)
    if found is None:
        zh = "写身份号码，或 16 位十六进制化名（小写）；所写的两者都不是。"
        raise HuiminError(Text(zh, "Give a person's number, or a token of 16 hex digits in small letters; this is neither."), 2)
    return found


def erase(workspace: Workspace, token: int, by: str, approved_by: str, reason: str) -> Erasure:
    """Erases a person, all of it; returns what was done. On a network, the very same again has all of the network done again.

    Raises:
        Refused: one person alone; no reason; she is in a correction of identity in force; on a network, there is no depot. Nothing has
            changed.
        Conflict: an erasure of somebody is half done.
        HuiminError: nothing here knows such a person.
        Busy, NoRoom: not all of it is done; ``finish`` goes on. As ``network_erasing.emptied``, likewise.
    """
    path = _place(workspace)
    if path.exists():
        raise Conflict(UNFINISHED)
    with workspace.writing() as host:
        known = host.state.erasures.of(token)
        if known is not None and workspace.network is None:
            return Erasure(known.day, already=True)
        if workspace.network is not None:
            network_host(host)
        note = _noted(workspace, host, token, by, approved_by, reason)
        lists = _lists(host, token)
        told = {} if workspace.network is None else _told(host, token)  # its editions are no outputs of a log here
        _written(path, note)
    done = finish(workspace)
    assert done is not None and done.store is not None  # the note is there
    done.lists = lists
    done.store.editions |= told
    return done


def finish(workspace: Workspace) -> Erasure | None:
    """Goes on with an erasure that was stopped; None where there is none.

    Where the note is gone (a copy of the folder was put back without it), whom it is about is looked for in the log and the vault.

    Raises:
        As for ``erase``.
    """
    path = _place(workspace)
    for left in path.parent.glob(f".{NOTE}.*.part"):  # of somebody who was stopped before there was a note
        left.unlink()
    if workspace.empty and not path.exists():
        return None
    with _opened(workspace) as host:
        note = _read(path) if path.exists() else _found_again(workspace, host)
        return None if note is None else _finished(workspace, host, note)


def _finished(workspace: Workspace, host: Host, note: Note) -> Erasure:
    """Does, or does again, all that a note asks for."""
    path = _place(workspace)
    if host.state.erasures.of(note.token) is None and note.message is not None:
        _decided_elsewhere(workspace, host)  # or nothing can be submitted
        try:
            host.submit(_salted(host, note.message, note.token))
        except Refused:
            if not host.erasing:
                _gone(path)
            raise
    done = _left_here(workspace, host, note)
    _decided_elsewhere(workspace, host)
    if workspace.network is not None and note.message is not None:
        decided = _salted(host, note.message, note.token)
        done.network = emptied(topics_of(workspace), network_host(host), decided, note.token)
    if path.exists():
        _gone(path)
    return done


def _salted(host: Host, message: PersonErased, token: int) -> PersonErased:
    """The decision with the salt of the ledger, where the first erasure of all was decided elsewhere meanwhile."""
    from matchers.erasing import Trace
    from streams.erasures import named

    salt, m = host.state.erasures.salt, message
    if salt in ("", m.salt):
        return m
    return named(salt, token, m.reason, m.by, m.approved_by, [Trace(*one) for one in m.traces])


def _decided_elsewhere(workspace: Workspace, host: Host) -> None:
    """Does the part of this workspace in what others on the network decided."""
    while workspace.network is not None and (other := _found_again(workspace, host)) is not None:
        _left_here(workspace, host, other)


def _left_here(workspace: Workspace, host: Host, note: Note) -> Erasure:
    """Takes what a workspace holds of a person who was erased out of its copies, vault, log and snapshots."""
    *_, last = host.state.erasures
    done = Erasure((host.state.erasures.of(note.token) or last).day, copies=_copies(workspace, host, note) if note.token else None)
    done.vault = workspace.vault().erase(Kind.PERSON, note.token)
    done.store = host.scrub(note.token, note.traces)
    return done


def _found_again(workspace: Workspace, host: Host) -> Note | None:
    """The note of an erasure that is half done, as far as it can be made again; of nobody (token 0) where nothing names her any more.

    Where the replica of a network came from the depot, its files say nothing of whom others erased meanwhile; the vault may.
    """
    token = host.half_erased()
    token = token or _in_vault(workspace, host) or token
    if token is None:
        return None
    numbers = workspace.vault().identifiers(Kind.PERSON, token)
    return Note(token, _long(numbers), tuple(host.traces(token)) if token else (), None)


def _in_vault(workspace: Workspace, host: Host) -> int | None:
    """The token of somebody erased whose identity is still kept."""
    tokens = workspace.vault().tokens(Kind.PERSON)
    return next(iter(tokens[host.state.erasures.among(tokens)].tolist()), None)


def unfinished(workspace: Workspace) -> bool:
    """Is an erasure half done?"""
    return _place(workspace).exists()


def _noted(workspace: Workspace, host: Host, token: int, by: str, approved_by: str, reason: str) -> Note:
    """The note of an erasure that will be admitted."""
    from streams.erasing import ENTANGLED, admitted, entangled, tokens_of
    from streams.erasures import SALT_BYTES, named

    state = host.state
    traces = tuple(host.traces(token))
    shown = () if workspace.network is None else traces
    message = named(state.erasures.salt or secrets.token_hex(SALT_BYTES), token, reason, by, approved_by, shown)
    admitted(state, message)
    numbers = workspace.vault().identifiers(Kind.PERSON, token)
    known = state.erasures.of(token) is not None
    if not known and not numbers and not traces and token not in set(tokens_of(state).tolist()):
        zh = "这里没有此人的任何记录；请核对号码或化名。"
        raise HuiminError(Text(zh, "Nothing here is about such a person; look at the number or token once more."), 2)
    if entangled(state, token):
        raise Refused(ENTANGLED)
    return Note(token, _long(numbers), traces, message)


def _long(numbers: list[str]) -> tuple[str, ...]:
    return tuple(number for number in numbers if len(number) >= SHORTEST)


def _lists(host: Host, token: int) -> dict[str, str]:
    """The lists she is on, and as what."""
    matcher, found = core(host.state), dict[str, str]()
    for name, policy in host.state.policies.items():
        if policy.subject is Kind.PERSON:
            status = next((c.status for c in matcher.candidates(name) if c.subject == token), None)
            if status is not None:
                found[name] = status
    return found


def _told(host: Host, token: int) -> dict[str, int]:
    """By policy, in how many editions she was told of."""
    named = {line.policy for line in host.outputs() if line.subject == token}  # once through the topic; only few policies are
    return {name: sum(any(line.subject == token for line in one.changes) for one in host.editions(name)) for name in sorted(named)}


def _copies(workspace: Workspace, host: Host, note: Note) -> Copies:
    from connectors.copies import prune
    from connectors.pruning import Sought, units_of

    feeds = host.state.catalogue.feeds
    return prune(
        workspace.root,
        Sought(note.token, note.numbers, units_of(note.traces, lambda feed, source: feeds[feed].sources[source].unit)),
    )


@contextmanager
def _opened(workspace: Workspace) -> Iterator[Host]:
    """The state, to change; its documents are not looked at, which may have to wait for the end of this."""
    if workspace.network is not None:
        with workspace.reading() as host:
            yield host
        return
    from streams.host import Host, SnapshotRule

    rule = SnapshotRule(closing_rows=CLOSING_ROWS, retention=workspace.retention())
    with Host.open(workspace.folder("state"), parts(), rule=rule) as host:
        yield host


def _place(workspace: Workspace) -> Path:
    return workspace.folder("identity") / NOTE


def _written(path: Path, note: Note) -> None:
    from connectors.files import replaced
    from streams.wire import encode

    assert note.message is not None  # a note is written before its message
    facts = {"token": note.token, "numbers": note.numbers, "traces": note.traces, "message": encode(note.message).hex()}
    with replaced(path) as part:
        part.touch(mode=0o600)
        part.write_text(json.dumps(facts), encoding="utf-8")


def _read(path: Path) -> Note:
    from matchers.erasing import Trace
    from streams.messages import PersonErased
    from streams.wire import decode

    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    message = decode(bytes.fromhex(facts["message"]))
    assert isinstance(message, PersonErased)
    return Note(facts["token"], tuple(facts["numbers"]), tuple(Trace(*one) for one in facts["traces"]), message)


def _gone(path: Path) -> None:
    from streams.snapshots import sync_folder

    path.unlink()
    sync_folder(path.parent)
