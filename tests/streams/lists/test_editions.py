"""Editions: net deltas whose sum is the list."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from streams.host import published_versions as published_versions
from streams.language.causes import DeliveryName, RecordCause
from streams.language.messages import CandidateChange, CoverageWithdrawn, EditionCut, Tick
from streams.lists.editions import ALL, Edition, closed_by, edition_problems, editions, fold, net
from streams.lists.manifests import digest_of, plain_manifest, whole_manifest
from streams.steps.state import State
from streams.steps.steps import step
from tests.streams.world import parts, publication, run

DAY = date(2026, 10, 15)


def line(offset: int, subject: int, status: str | None, before: str | None, policy: str = "grant") -> CandidateChange:
    kind = "left" if status is None else "entered" if before is None else "changed"
    return CandidateChange(
        f"{offset}.0", policy, 1, subject, kind, status, before, (), (), RecordCause(DeliveryName("hukou", "psb", 1)), DAY
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, str | None, list[CandidateChange]]]:
    """Messages whose lines follow from each other, some of which close an edition."""
    now: dict[tuple[str, int], str] = {}
    rows: list[tuple[int, str | None, list[CandidateChange]]] = []
    for offset in range(draw(st.integers(0, 12))):
        lines = []
        for policy, subject in draw(st.sets(st.tuples(st.sampled_from(["grant", "other"]), st.integers(1, 4)))):
            before, status = now.pop((policy, subject), None), draw(st.sampled_from([None, "eligible", "to_check"]))
            if status is not None:
                now[policy, subject] = status
            if before or status:
                lines.append(line(offset, subject, status, before, policy))
        rows.append((offset, draw(st.sampled_from([None, None, "grant", "other", ALL])), lines))
    return rows


@given(histories())
def test_sum_of_editions_is_the_list(rows: list[tuple[int, str | None, list[CandidateChange]]]) -> None:
    """The fold of the editions and the lines since gives the fold of all lines; numbers have no gap."""
    every = [change for _, _, changes in rows for change in changes if change.policy == "grant"]

    every_edition = list(editions("grant", rows, {1: ("civil", "d1")}))

    closed = max((edition.offset for edition in every_edition), default=-1)
    last_closing = max((offset for offset, closes, _ in rows if closes in ("grant", ALL)), default=-1)
    rest = [change for change in every if int(change.id.partition(".")[0]) > max(closed, last_closing)]
    summed = fold([change for edition in every_edition for change in edition.changes] + rest)
    assert {s: c.status for s, c in summed.items()} == {s: c.status for s, c in fold(every).items()}
    assert [edition.number for edition in every_edition] == list(range(1, len(every_edition) + 1))


def test_edition_is_net() -> None:
    """It has no line for a subject that entered and left, or that left and came back as before, and at most one a subject."""
    listed = fold([line(0, 1, "eligible", None), line(0, 2, "eligible", None)])
    changes = [
        line(1, 3, "eligible", None), line(2, 3, None, "eligible"),
        line(1, 1, None, "eligible"), line(2, 1, "eligible", None),
        line(1, 4, "to_check", None), line(2, 4, "eligible", "to_check"), line(1, 2, None, "eligible"),
    ]  # fmt: skip

    net_changes = [(c.subject, c.change, c.before, c.status) for c in net(changes, listed)]

    assert net_changes == [(2, "left", "eligible", None), (4, "entered", None, "eligible")]


def test_disclosed_value_that_changed_is_told() -> None:
    """A line with the same status means that a disclosed value differs: it stays in the edition."""
    listed = fold([line(0, 1, "eligible", None)])

    assert [c.change for c in net([line(1, 1, "eligible", "eligible")], listed)] == ["changed"]


def test_what_closes_an_edition() -> None:
    """A publication closes that of its policy, a tick all, a cut the named one; other messages close none."""
    assert closed_by(publication("elderly-uninsured")) == "elderly-uninsured"
    assert closed_by(Tick(DAY)) == ALL
    assert closed_by(EditionCut("grant")) == "grant"
    assert closed_by(CoverageWithdrawn("c")) is None


def test_editions_of_a_run_sum_to_the_matchers_list() -> None:
    """Over a fixed run of every kind of message, closed by a last tick."""
    state, rows = State(parts()), []
    messages = [*run(200), Tick(date(2027, 6, 1))]
    for offset, message in enumerate(messages):
        rows.append((offset, closed_by(message), step(state, message, offset)))

    every_edition: list[Edition] = list(editions("elderly-uninsured", rows, published_versions(state, "elderly-uninsured")))

    listed = fold(change for edition in every_edition for change in edition.changes)
    assert len(every_edition) > 5
    assert [(s, (c.status, c.missing)) for s, c in sorted(listed.items())] == state.matcher.candidates("elderly-uninsured")


def chain() -> list[Edition]:
    """Four editions of a fixed run."""
    state, rows = State(parts()), []
    for offset, message in enumerate(run(120)):
        rows.append((offset, closed_by(message), step(state, message, offset)))
    return list(editions("elderly-uninsured", rows, published_versions(state, "elderly-uninsured")))[:4]


def test_manifests_say_what_an_edition_is() -> None:
    """Versions with their digests, offsets without gaps, different digests, the agency; and the chain is sound."""
    manifests = [edition.manifest for edition in chain()]

    assert list(edition_problems(chain())) == []
    assert [manifest.first for manifest in manifests] == [0, *(manifest.last + 1 for manifest in manifests[:-1])]
    assert {version for manifest in manifests for version, digest in manifest.versions if digest} >= {1}
    assert len({manifest.digest for manifest in manifests}) == 4
    assert all(manifest.agency for manifest in manifests)


def test_every_loss_or_change_in_a_chain_is_noticed() -> None:
    """An edition is missing, repeated or out of order; a line is missing or changed; a manifest is changed to match."""
    first, second, third, fourth = chain()
    line = second.changes[0]._replace(status="to_check")
    mended = replace(second, changes=second.changes[1:], manifest=replace(second.manifest, lines=digest_of(second.changes[1:])))

    assert (2, "chain") not in edition_problems([first, second])
    for spoilt, what in (
        ([first, third, fourth], (3, "chain")), ([second, third], (2, "chain")), ([first, first, second], (1, "chain")), ([first, third, second], (3, "chain")),
        ([first, replace(second, changes=second.changes[1:])], (2, "lines")), ([first, replace(second, changes=(line, *second.changes[1:]))], (2, "lines")),
        ([first, mended], (2, "counts")), ([first, mended, third], (3, "chain")),
    ):  # fmt: skip
        assert what in edition_problems(spoilt)


def test_a_manifest_comes_back_equal() -> None:
    """With its digest."""
    for edition in chain():
        again = whole_manifest(json.loads(json.dumps(plain_manifest(edition.manifest))))

        assert (again, again.digest) == (edition.manifest, edition.manifest.digest)
