"""Is the record of access as it was written: all of it, also against an earlier checkpoint; checkpoints, and proofs.

``huimin audit verify``, ``checkpoint`` and ``proof`` call this, and ``doctor`` in short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.workspace.audit import audit_log, checkpoint_key
from policies.problems.problems import HuiminError
from policies.values import Text
from services.results import Sentence

if TYPE_CHECKING:
    from connectors.audit.checkpoints import Checkpoint
    from connectors.audit.lines import AccessLine
    from connectors.audit.log import AuditLog
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """The outcome of a verification.

    Args:
        lines: how many were read; ``root``: of the tree over them, in hex digits.
        blocks: the blocks of the side file that lines name.
        salts: how many there are.
        checkpoint: the size of the earlier checkpoint, where one was given.
        problems: what is not as it was written.
    """

    lines: int
    root: str
    blocks: int
    salts: int
    checkpoint: int | None
    ok: bool
    problems: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint to keep elsewhere.

    Args:
        text: origin, size, root and signature (C2SP signed note).
        key: the public key that verifies it.
    """

    origin: str
    size: int
    root: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof about the record of access, by RFC 6962.

    Args:
        kind: ``inclusion``: the line is in the tree; ``consistency``: the tree begins with the earlier one.
        line: its number, of an inclusion; ``leaf``: its hash.
        earlier: the size of the earlier tree, of a consistency; ``earlier_root``: its root.
        size, root: of the tree now.
        path: hashes, in the order of the RFC.
    """

    kind: Literal["inclusion", "consistency"]
    line: int | None
    leaf: str | None
    earlier: int | None
    earlier_root: str | None
    size: int
    root: str
    path: tuple[str, ...]


def verify(workspace: Workspace, checkpoint: str | None = None, key: str | None = None) -> AuditCheck:
    """Reads all of the record and says what is not as it was written.

    Args:
        checkpoint: the text of an earlier one: its lines must all be there, unchanged.
        key: the public key of the checkpoint; by default the workspace's own.

    Raises:
        BadCheckpoint: the text is none, or not of this key.
    """
    from connectors.audit.checkpoints import read_checkpoint, verifier_key
    from connectors.audit.merkle import Frontier, leaf_hash

    log, tree, blocks, persons, problems = audit_log(workspace), Frontier(), 0, 0, list[Text]()
    earlier = None if checkpoint is None else read_checkpoint(checkpoint, key or verifier_key(*checkpoint_key(workspace)))
    expected_roots, roots = _known_roots(log, earlier), {0: tree.root()}
    for number, data in enumerate(log.raw_lines()):
        line, wrong = _read_line(log, number, data)
        problems += wrong
        blocks, persons = blocks + (line is not None and line.block is not None), persons + (0 if line is None else len(line.persons))
        tree.append(leaf_hash(data))
        if tree.size in expected_roots:
            roots[tree.size] = tree.root()
    problems += [_differs(tree.size, size) for size, root in sorted(expected_roots.items()) if roots.get(size) != root]
    salts = _salts(log, bool(blocks or persons), problems)
    size = None if earlier is None else earlier.size
    return AuditCheck(tree.size, tree.root().hex(), blocks, salts, size, not problems, tuple(problems))


def signed_now(workspace: Workspace) -> SignedCheckpoint:
    """A checkpoint of the record as it is now.

    Raises:
        UnusableKey: the workspace's key cannot be used.
    """
    from connectors.audit.checkpoints import Checkpoint, signed_checkpoint, verifier_key

    leaves = _leaves(audit_log(workspace))
    origin, seed = checkpoint_key(workspace)
    checkpoint = Checkpoint(origin, len(leaves), _root(leaves))
    return SignedCheckpoint(
        origin, checkpoint.size, checkpoint.root.hex(), signed_checkpoint(checkpoint, seed), verifier_key(origin, seed)
    )  # fmt: skip


def inclusion(workspace: Workspace, number: int) -> Proof:
    """That a line is in the record as it is now.

    Args:
        number: of the line, from 0, as ``audit list`` shows it.

    Raises:
        HuiminError: there is no such line.
    """
    from connectors.audit.merkle import inclusion_proof

    leaves = _leaves(audit_log(workspace))
    if not 0 <= number < len(leaves):
        raise no_line(number, len(leaves))
    path = tuple(node.hex() for node in inclusion_proof(leaves, number))
    return Proof("inclusion", number, leaves[number].hex(), None, None, len(leaves), _root(leaves).hex(), path)


def consistency(workspace: Workspace, earlier: int) -> Proof:
    """That the record as it is now begins with its first lines as they were.

    Args:
        earlier: the size of the earlier tree, as its checkpoint says.

    Raises:
        HuiminError: there are not so many lines.
    """
    from connectors.audit.merkle import consistency_proof

    leaves = _leaves(audit_log(workspace))
    if not 0 < earlier <= len(leaves):
        raise no_line(earlier, len(leaves))
    path = tuple(node.hex() for node in consistency_proof(leaves, earlier))
    return Proof("consistency", None, None, earlier, _root(leaves[:earlier]).hex(), len(leaves), _root(leaves).hex(), path)


def no_line(number: int, lines: int) -> HuiminError:
    """The error that a line is not there."""
    zh, en = f"没有第 {number} 行：现有 {lines} 行，从 0 起编号。", f"There is no line {number}: there are {lines}, numbered from 0."
    return HuiminError(Text(zh, en), 2)


def _leaves(log: AuditLog) -> list[bytes]:
    from connectors.audit.merkle import leaf_hash

    return [leaf_hash(data) for data in log.raw_lines()]


def _root(leaves: list[bytes]) -> bytes:
    from connectors.audit.merkle import root_of

    return root_of(leaves)


def _known_roots(log: AuditLog, earlier: Checkpoint | None) -> dict[int, bytes]:
    """The roots that the record must have had, by size: as the file of the tree notes, and as the checkpoint says."""
    noted, _ = log.tree_in_file()
    return {noted.size: noted.root()} | ({} if earlier is None else {earlier.size: earlier.root})


def _read_line(log: AuditLog, number: int, data: bytes) -> tuple[AccessLine | None, list[Text]]:
    """A line, and what is wrong with it."""
    from connectors.audit.lines import line_of

    try:
        line = line_of(data)
    except ValueError:
        return None, [Text(f"第 {number} 行不是写下时的样子。", f"Line {number} is not as it was written.")]
    problems = []
    if line.seq != number:
        problems.append(Text(f"第 {number} 行写的编号是 {line.seq}。", f"Line {number} says that its number is {line.seq}."))
    if line.block is not None and log.subjects_of(line) is None:
        zh = f"第 {number} 行所显示的对象与旁边的文件不符。"
        problems.append(Text(zh, f"The subjects that line {number} showed are not in the side file as they were."))
    return line, problems


def _salts(log: AuditLog, is_needed: bool, problems: list[Text]) -> int:
    """How many salts there are; adds a problem where they cannot be read, or are gone."""
    if not log.has_salts():
        problems += [Text("盐文件不见了。", "The salts are gone.")] * is_needed
        return 0
    try:
        salts = log.salts()
        problems += [] if salts.is_whole() else [Text("盐文件已损坏。", "The file of salts is damaged.")]
        return salts.count()
    except HuiminError as error:
        problems.append(error.text)
        return 0
    finally:
        log.close()


def _differs(size: int, before: int) -> Text:
    """The problem that the record does not fit what is known of it."""
    if before > size:
        zh = f"只有 {size} 行，而曾有 {before} 行：有行被去掉了。"
        return Text(zh, f"There are {size} lines, and there were {before}: lines were taken out.")
    zh = f"前 {before} 行与当时的根不符：其中有行被改过、去掉或插入。"
    return Text(zh, f"The first {before} lines do not have the root they had: one was changed, removed or added.")
