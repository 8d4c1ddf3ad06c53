"""The erasure of a person from a workspace: the order of work, and how a stopped erasure is finished.

``huimin erase`` calls it.

A note with the person and the work is written first and removed last; every step between may be done again. After a stop at any step
``huimin erase finish`` goes on; until then nothing is written, and no question about the past is answered (``streams.embedded.host``,
``streams.store.point_in_time``). A file that cannot be read or written stops nothing: all else is done, the file is reported, and the note
stays. Where there is no note (others on the network decided, or it is lost), only the store names the person, so the store goes last.

    note → message (the person leaves state and lists) → leftovers → copies → vault → log and snapshots → workers and topics → note gone

Source: docs/en/semantics.md section 16.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.workspace.audit import forget_salts
from infra.workspace.erasing_note import ErasureNote, note_path, read_note, remove_note, write_note
from infra.workspace.leftovers import remove_leftovers
from infra.workspace.releases import release_keys
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from policies.values import Kind, Text
from services.access.run import show
from services.erasure.erasure import Erasure, ErasureIncomplete, ErasureWork
from services.erasure.network_erasing import erase_from_network, network_host, topics_of
from services.exports.releases import note_scrubbed_snapshots, released_files
from services.state.as_of import core
from streams.language.errors import UNFINISHED, Refusal

if TYPE_CHECKING:
    from connectors.erasure.copies import ScrubbedCopies
    from streams.host import Host
    from streams.language.messages import PersonErased

SHORTEST = 8
"""The least characters of an identifier by which copies are searched: a shorter one may be anything."""


def token_of(workspace: Workspace, who: str) -> int:
    """The token of a person, from their number or token.

    Raises:
        HuiminError: the text is neither; the error does not repeat it.
    """
    text = who.strip()
    if len(text) == 16 and set(text) <= set("0123456789abcdef"):
        return int(text, 16)
    register = workspace.catalogue().register(Kind.PERSON)
    token = None if register is None else workspace.tokens().token(Kind.PERSON, register.identify, text)
    if token is None:
        zh = "写身份号码，或 16 位十六进制化名（小写）；所写的两者都不是。"
        raise HuiminError(Text(zh, "Give a person's number, or a token of 16 hex digits in small letters; this is neither."), 2)
    return token


def erase_person(workspace: Workspace, token: int, by: str, approved_by: str, reason: str) -> Erasure:
    """Erases a person; returns what was done, and what is left.

    The same call again looks through copies and vault again, and on a network does everything again.

    Raises:
        Refused: only one person decides; there is no reason; the person is in a correction of identity in force; on a network, there is no
            depot. Nothing has changed.
        Conflict: another erasure is unfinished.
        HuiminError: nothing here is about such a person.
        Busy, NoRoom, and as ``network_erasing.erase_from_network``: not all is done; ``finish_erasure`` goes on.
    """
    path = note_path(workspace)
    if path.exists():
        raise Conflict(UNFINISHED)
    with workspace.writing() as host:
        show(None, [token])
        is_known = host.state.erasures.of(token) is not None and workspace.network is None
        if workspace.network is not None:
            network_host(host)
        if is_known:
            note = ErasureNote(token, _numbers(workspace, token), tuple(host.traces(token)), None)
        else:
            note = _new_note(workspace, host, token, by, approved_by, reason)
        lists = _lists(host, token)
        editions = {} if workspace.network is None else _editions(host, token)  # its editions are no outputs of a log here
        write_note(workspace, note)
    work = _finish(workspace)
    assert work is not None  # the note is there
    return work.result(lists, editions if work.store is not None else {}, is_known)


def finish_erasure(workspace: Workspace) -> Erasure | None:
    """Goes on with an erasure that was stopped; None where there is none.

    Where the note is lost (a copy of the folder was put back without it), the person is looked for in the log and the vault.

    Raises:
        As for ``erase_person``.
    """
    work = _finish(workspace)
    return None if work is None else work.result({}, {}, is_known=False)


def _finish(workspace: Workspace) -> ErasureWork | None:
    path = note_path(workspace)
    remove_leftovers(path.parent)  # of an erasure that was stopped before there was a note
    if workspace.empty and not path.exists():
        return None
    with _open(workspace) as host:
        note = read_note(workspace) if path.exists() else _found_again(workspace, host)
        return None if note is None else _carry_out(workspace, host, note)


def _carry_out(workspace: Workspace, host: Host, note: ErasureNote) -> ErasureWork:
    """Does all the work of a note, or does it again."""
    path = note_path(workspace)
    if host.state.erasures.of(note.token) is None and note.message is not None:
        if left := _decided_elsewhere(workspace, host):  # or nothing can be submitted
            raise ErasureIncomplete(left)
        try:
            host.submit(_with_salt(host, note.message, note.token))
        except Refusal:
            if not host.erasing:
                remove_note(workspace)
            raise
    work = _take_out(workspace, host, note, noted=path.exists())
    work.left = sorted({*work.left, *_decided_elsewhere(workspace, host)})
    if workspace.network is not None and note.message is not None:
        decided = _with_salt(host, note.message, note.token)
        work.network = erase_from_network(topics_of(workspace), network_host(host), decided, note.token)
    if path.exists() and not work.left:
        remove_note(workspace)
    return work


def _with_salt(host: Host, message: PersonErased, token: int) -> PersonErased:
    """The decision with the salt of the ledger, which differs where the very first erasure was decided elsewhere meanwhile."""
    from matchers.matrix.erasure import Trace
    from streams.ledgers.erasures import erasure_message

    salt, m = host.state.erasures.salt, message
    if salt in ("", m.salt):
        return m
    return erasure_message(salt, token, m.reason, m.by, m.approved_by, [Trace(*trace) for trace in m.traces])


def _decided_elsewhere(workspace: Workspace, host: Host) -> list[str]:
    """Does this workspace's part of erasures that others on the network decided; returns the unerased files."""
    while workspace.network is not None and (other := _found_again(workspace, host)) is not None:
        if left := _take_out(workspace, host, other, noted=False).left:
            return left
    return []


def _take_out(workspace: Workspace, host: Host, note: ErasureNote, noted: bool) -> ErasureWork:
    """Takes an erased person out of a workspace's copies, vault, log and checkpoints.

    Args:
        noted: the note lies in a file. Otherwise the later steps would remove the only trace of who it is, so they wait until no file
            is left.
    """
    *_, last = host.state.erasures
    work = ErasureWork((host.state.erasures.of(note.token) or last).day)
    work.left += remove_leftovers(workspace.root)
    work.released = released_files(workspace)
    if note.token:
        work.copies = _copies(workspace, host, note)
        work.left += work.copies.unerased_files
        work.left += forget_salts(workspace, (note.token,))
    if noted or not work.left:
        work.vault, left = workspace.vault().erase(Kind.PERSON, note.token)
        work.left += left
    if noted or not work.left:
        work.store = host.scrub(note.token, note.traces)
        work.left += [str(path.relative_to(workspace.root)) for path in work.store.left]
    work.left = sorted(set(work.left))
    return work


def _found_again(workspace: Workspace, host: Host) -> ErasureNote | None:
    """The note of an unfinished erasure, made again from the store; with token 0 where nothing names the person any more.

    Where the replica of a network came from the depot, its files do not name the persons whom others erased meanwhile; the vault may.
    """
    token = host.half_erased()
    token = token or _in_vault(workspace, host) or token
    if token is None:
        return None
    return ErasureNote(token, _numbers(workspace, token), tuple(host.traces(token)) if token else (), None)


def _in_vault(workspace: Workspace, host: Host) -> int | None:
    """The token of an erased person whose identity is still in the vault."""
    tokens = workspace.vault().tokens(Kind.PERSON)
    return next(iter(tokens[host.state.erasures.are_erased(tokens)].tolist()), None)


def _new_note(workspace: Workspace, host: Host, token: int, by: str, approved_by: str, reason: str) -> ErasureNote:
    """The note of a new erasure, after a check that its message will be admitted."""
    from streams.ledgers.erasures import SALT_BYTES, erasure_message
    from streams.steps.erasure import ENTANGLED, is_entangled, require_erasure, tokens_of

    state = host.state
    traces = tuple(host.traces(token))
    public = () if workspace.network is None else traces
    message = erasure_message(state.erasures.salt or secrets.token_hex(SALT_BYTES), token, reason, by, approved_by, public)
    require_erasure(state, message)
    numbers = _numbers(workspace, token)
    is_known = state.erasures.of(token) is not None
    if not is_known and not numbers and not traces and token not in set(tokens_of(state).tolist()):
        zh = "这里没有此人的任何记录；请核对号码或化名。"
        raise HuiminError(Text(zh, "Nothing here is about such a person; look at the number or token once more."), 2)
    if is_entangled(state, token):
        raise Refusal(ENTANGLED)
    return ErasureNote(token, numbers, traces, message)


def _numbers(workspace: Workspace, token: int) -> tuple[str, ...]:
    """The numbers of a person by which copies are searched."""
    return tuple(number for number in workspace.vault().identifiers(Kind.PERSON, token) if len(number) >= SHORTEST)


def _lists(host: Host, token: int) -> dict[str, str]:
    """The person's status on each list that they are on, by policy."""
    matcher, statuses = core(host.state), dict[str, str]()
    for name, policy in host.state.policies.items():
        if policy.subject is Kind.PERSON:
            status = next((c.status for c in matcher.candidates(name) if c.subject == token), None)
            if status is not None:
                statuses[name] = status
    return statuses


def _editions(host: Host, token: int) -> dict[str, int]:
    """The number of editions that the person is in, by policy."""
    names = {line.policy for line in host.outputs() if line.subject == token}  # once through the topic; only few policies are
    return {name: sum(any(line.subject == token for line in edition.changes) for edition in host.editions(name)) for name in sorted(names)}


def _copies(workspace: Workspace, host: Host, note: ErasureNote) -> ScrubbedCopies:
    from connectors.analysts.release_tokens import ReleaseTokens
    from connectors.erasure.copies import scrub_copies
    from connectors.erasure.scrubbing import ErasedPerson, delivered_rows

    feeds = host.state.catalogue.feeds
    numbers = {*note.numbers, *_numbers(workspace, note.token)}  # a segment that could not be read then may be whole again
    rows = delivered_rows(note.traces, lambda feed, source: feeds[feed].sources[source].unit)
    released = {name: ReleaseTokens(key).token(Kind.PERSON, note.token) for name, key in release_keys(workspace).items()}
    report = scrub_copies(workspace.root, ErasedPerson(note.token, tuple(sorted(numbers)), rows, released))
    note_scrubbed_snapshots(workspace, host.state.day)
    return report


@contextmanager
def _open(workspace: Workspace) -> Iterator[Host]:
    """The state, to change, without an update to the documents, which may have to wait for the end of the erasure."""
    if workspace.network is not None:
        with workspace.reading() as host:
            yield host
        return
    with workspace.writing(documents=False) if workspace.is_served else workspace.store() as host:
        yield host
