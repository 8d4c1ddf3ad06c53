"""Deliveries: rows become records, flawed ones by degrees; interrupted ones go on; repeated ones change nothing."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contracts.faults import InterruptedDelivery, TokenCollision, UnreadableFile
from connectors.identity.vault import Vault
from connectors.intake import delivery as delivery_module
from connectors.intake.delivery import DeliveryReport, deliver
from connectors.intake.intake import read
from connectors.parsing.cells import Fault
from matchers.kernel.batch import DELETED, MISSING, NO_ORDER, OPEN_FROM, OPEN_TO, QUARANTINED, RecordBatch
from policies.values import Kind, Text
from streams.language.errors import NoRoom
from streams.language.messages import DeliveryCompleted, DeliveryStarted
from tests.connectors.samples import (
    HUKOU_HEADER,
    INSURANCE_HEADER,
    RECEIVED,
    TOKENS,
    MemoryHost,
    catalogue,
    hukou_row,
    insurance_row,
    resident,
    write_text_file,
)

FEEDS = catalogue().feeds
DAY = (date(2026, 9, 1) - date(1970, 1, 1)).days


def send(host: MemoryHost, path: Path, feed: str = "hukou", **more: object) -> DeliveryReport:
    """Deliver with a vault beside the file."""
    return deliver(host, FEEDS[feed], 0, path, TOKENS, Vault(path.parent / "identity", bytes(32)), received=RECEIVED, **more)  # type: ignore[arg-type]  # keywords of deliver


def one_batch(path: Path, feed: str) -> tuple[RecordBatch, list[tuple[int, str, Fault]]]:
    (parcel,) = read(FEEDS[feed], 0, 1, path, TOKENS, received=RECEIVED)
    return parcel.batch, [(f.row, f.column, f.rule) for f in parcel.flaws]


def test_a_row_becomes_a_record(tmp_path: Path) -> None:
    """Values are encoded, links tokened, the version and the placement as semantics.md has them."""
    path = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(1) + hukou_row(2, sex="female", birth_date="", household_no=" "))

    batch, flaws = one_batch(path, "hukou")

    assert not flaws and batch.row.tolist() == [1, 2] and batch.flags.tolist() == [0, 0]
    assert batch.subject.tolist() == TOKENS.person([resident(1), resident(2)]).tolist()
    assert (batch.key == batch.subject).all() and batch.order.tolist() == [DAY * 86_400_000_000] * 2
    assert batch.values["birth_date"].tolist() == [-7305, MISSING] and batch.values["sex"].tolist() == [0, 1]
    assert batch.dictionaries == {"division": ("310107020",)} and batch.values["division"].tolist() == [0, 0]
    assert (
        batch.links["household"][0] == TOKENS.token(Kind.HOUSEHOLD, FEEDS["household"].identify, "H0") and batch.links["household"][1] == 0
    )
    assert "name" not in batch.values and batch.identity is not None and batch.identity[0] != batch.identity[1]


def test_validity_is_open_where_empty(tmp_path: Path) -> None:
    """Both ends are days; an empty one is open; a reversed interval is a flaw."""
    rows = insurance_row(1) + insurance_row(2, valid_from="", valid_to="20261231") + insurance_row(3, valid_to="2019-12-31")

    batch, flaws = one_batch(write_text_file(tmp_path / "a.csv", INSURANCE_HEADER + rows), "insurance")

    assert batch.valid_from.tolist() == [18262, OPEN_FROM, OPEN_FROM] and batch.valid_to.tolist() == [OPEN_TO, 20818, OPEN_TO]
    assert flaws == [(3, "valid_to", Fault.VALIDITY)]


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"status": "unknown"}, "status", Fault.VALUE),
        ({"paid": "12.345"}, "paid", Fault.PLACES),
        ({"paid": "1e3"}, "paid", Fault.NUMBER),
        ({"paid": "10000"}, "paid", Fault.ABOVE),
        ({"valid_from": "soon"}, "valid_from", Fault.DATE),
        ({"changed_at": ""}, "changed_at", Fault.REQUIRED),
        ({"changed_at": "7"}, "changed_at", Fault.ORDER_TIME),
        ({"line": "x" * 1001}, "line", Fault.LENGTH),
    ],
)
def test_a_flawed_row_with_a_subject_is_quarantined(tmp_path: Path, cells: dict[str, str], column: str, rule: Fault) -> None:
    """It stays as a record of which nothing is known; its order stays where it can be read."""
    path = write_text_file(tmp_path / "a.csv", INSURANCE_HEADER + insurance_row(1) + insurance_row(2, **cells))

    batch, flaws = one_batch(path, "insurance")

    assert flaws == [(2, column, rule)] and batch.flags.tolist() == [0, QUARANTINED]
    assert all(values[1] == MISSING for values in batch.values.values())
    assert (batch.valid_from[1], batch.valid_to[1]) == (OPEN_FROM, OPEN_TO)
    assert (batch.order[1] == NO_ORDER) == (column == "changed_at")


@pytest.mark.parametrize(
    ("cells", "faults", "named"),
    [
        ({"division": "宜川路街道"}, ["division"], "H0"),
        ({"sex": "?", "changed_at": "7"}, ["changed_at", "sex"], "H0"),
        ({"division": "宜川路街道", "household_no": "x" * 257}, ["household_no", "division"], None),
        ({"division": "宜川路街道", "household_no": " "}, ["division"], None),
        ({"household_no": "x" * 257}, ["household_no"], None),
    ],
)
def test_a_quarantined_row_keeps_the_link_that_could_be_read(
    tmp_path: Path, cells: dict[str, str], faults: list[str], named: str | None
) -> None:
    """Divisions are codes: a register row with a street's name says nothing but whose it is and which household it names."""
    batch, flaws = one_batch(write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(2) + hukou_row(1, **cells)), "hukou")

    token = TOKENS.token(Kind.HOUSEHOLD, FEEDS["household"].identify, named) if named else 0
    assert sorted(column for _, column, _ in flaws) == sorted(faults)
    assert batch.flags.tolist() == [0, QUARANTINED] and batch.links["household"].tolist()[1] == token
    assert all(values[1] == MISSING for values in batch.values.values())


def test_a_deletion_names_nothing(tmp_path: Path) -> None:
    """Its cells do not count, its order apart; where that is broken it is quarantined, and names nothing either."""
    rows = [hukou_row(i).strip() + f",{word}\n" for i, word in enumerate(["1", "0", "perhaps"])]
    rows.append(hukou_row(3, changed_at="never").strip() + ",1\n")

    batch, _ = one_batch(write_text_file(tmp_path / "a.csv", HUKOU_HEADER.strip() + ",deleted\n" + "".join(rows)), "hukou")

    assert batch.flags.tolist() == [DELETED, 0, QUARANTINED, QUARANTINED]
    assert (batch.links["household"] != 0).tolist() == [False, True, True, False]


def test_a_row_without_a_subject_is_counted(tmp_path: Path) -> None:
    """A wrong check character or an empty key leaves the row unplaced; the others keep their numbers."""
    wrong = resident(2)[:17] + ("1" if resident(2)[17] != "1" else "2")
    rows = insurance_row(1) + insurance_row(2, id_number=wrong) + insurance_row(3, enrolment_no=" ") + insurance_row(4)
    host = MemoryHost()

    report = send(host, write_text_file(tmp_path / "a.csv", INSURANCE_HEADER + rows), "insurance")

    assert host.rows() == [1, 4] and (report.rows, report.placed, report.unplaced) == (4, 2, 2)
    assert dict(report.by_rule) == {("id_number", "check_digit"): 1, ("enrolment_no", "required"): 1}
    assert report.void and host.last() == DeliveryCompleted("insurance", 0, 1, report.id, 4, 2, False)


def test_no_report_holds_a_value(tmp_path: Path) -> None:
    """A flaw tells the class of a value only, in both languages."""
    path = write_text_file(tmp_path / "a.csv", INSURANCE_HEADER + insurance_row(1, status="SECRET", paid="4711.777"))

    report = send(MemoryHost(), path, "insurance")

    text = "".join(flaw.render(language) for flaw in report.flaws for language in ("zh", "en"))
    assert len(report.flaws) == 2 and "SECRET" not in text and "4711" not in text
    assert "line 2, cell 6, column status: text of 6 characters" in text


def test_a_deletion_needs_only_subject_key_and_order(tmp_path: Path) -> None:
    """``deleted`` makes a row a deletion whatever else it holds; another word there is a flaw."""
    header = INSURANCE_HEADER.strip() + ",deleted\n"
    rows = [insurance_row(i, paid="bad").strip() + "," + word + "\n" for i, word in enumerate(["1", "是", "true", "perhaps", "0"])]

    batch, flaws = one_batch(write_text_file(tmp_path / "a.csv", header + "".join(rows)), "insurance")

    assert batch.flags.tolist() == [DELETED, DELETED, DELETED, QUARANTINED, QUARANTINED]
    assert flaws == [(4, "deleted", Fault.FLAG), (4, "paid", Fault.NUMBER), (5, "paid", Fault.NUMBER)]


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (MemoryError("Unable to allocate 8 GiB for 310101199001011234"), "not enough memory"),
        (ConnectionError("the host went away"), "Something failed (ConnectionError)"),
        (KeyError("310101199001011234"), "Something failed (KeyError)"),
        (NoRoom(Text("盘满", "The disk is full.")), "The disk is full."),
    ],
)
def test_an_interrupted_delivery_goes_on_behind_its_last_row(tmp_path: Path, failure: Exception, why: str) -> None:
    """The host fails at the third batch; what is told names the last row that is stored and how to go on, and no cell; sent again, every row
    has come once, under one number."""
    rows = "".join(hukou_row(i, sex="?" if i % 7 == 0 else "男") for i in range(35_000))
    path, host = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + rows), MemoryHost(fail_after=2, failure=failure)

    with pytest.raises(InterruptedDelivery) as raised:
        send(host, path)
    host.fail_after = None
    report = send(host, path)

    assert (
        "The first 20,000 data rows are stored" in raised.value.text.en
        and "20,000 行" in raised.value.text.zh
        and why in raised.value.text.en
    )
    assert "310101199001011234" not in raised.value.text.en + raised.value.text.zh and raised.value.exit_code == 1
    assert report.resumed_behind == 20_000 and host.rows() == list(range(1, 35_001))
    assert {b.delivery for b in host.batches()} == {1} and report.rows == 35_000
    assert report.quarantined == 5000 == sum(int((b.flags == QUARANTINED).sum()) for b in host.batches())


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    """A delivery is known by its content, or by the name its unit gave."""
    path, host = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(1)), MemoryHost()
    first = send(host, path)
    count = len(host.messages)

    again, named = send(host, write_text_file(tmp_path / "copy.csv", path.read_text())), send(host, path, id="d-881", mode="replace")

    assert again.already and again.number == first.number and count == 3
    assert (named.number, named.already) == (2, False) and host.last().replaces


def many(count: int = 60_000) -> bytes:
    """A sound file of more than one block."""
    return (HUKOU_HEADER + "".join(hukou_row(i, name="x" * 90) for i in range(count))).encode()


def broken_gzip(data: bytes) -> bytes:
    """Packed, and cut short."""
    return gzip.compress(data, 1)[:-9]


LAST_FAULTS: dict[str, Callable[[], bytes]] = {
    "a ragged row": lambda: many() + b"a,b\n",
    "bad encoding": lambda: many() + hukou_row(70_000, name="?").encode().replace(b"?", b"\xff\xfe"),
    "a quote never closed": lambda: many() + b'"',
    "broken gzip": lambda: broken_gzip(many()),
    "no header": lambda: b"nothing\n",
}


@pytest.mark.parametrize("fault", LAST_FAULTS)
@pytest.mark.parametrize("mode", ["upsert", "replace"])
def test_a_file_that_breaks_off_leaves_nothing_behind(tmp_path: Path, fault: str, mode: str) -> None:
    """However late the fault stands: no row, no number, no identity; the mended file is the first delivery."""
    path, host, began = tmp_path / "a.csv", MemoryHost(), list[str]()
    path.write_bytes(LAST_FAULTS[fault]())

    with pytest.raises(UnreadableFile):
        send(host, path, mode=mode, id="d-1", on_start=lambda places: began.append("started"))

    assert host.messages == [] and began == [] and not (tmp_path / "identity").exists()
    path.write_bytes(many(10))
    assert send(host, path, mode=mode, id="d-1").number == 1 and len(host.rows()) == 10


def test_a_broken_line_of_json_leaves_nothing_behind(tmp_path: Path) -> None:
    """JSON lines are read to their end, too."""
    feed = dataclasses.replace(FEEDS["hukou"], format="jsonl")
    cells = dict(zip(HUKOU_HEADER.strip().split(","), hukou_row(1).strip().split(","), strict=True))
    path, host = write_text_file(tmp_path / "a.jsonl", (json.dumps(cells) + "\n") * 12_000 + "{"), MemoryHost()

    with pytest.raises(UnreadableFile):
        deliver(host, feed, 0, path, TOKENS, Vault(tmp_path / "identity", bytes(32)), received=RECEIVED)

    assert host.messages == []


@pytest.mark.parametrize("unplaced", [1, 3])
def test_a_full_replacement_that_names_too_many_nobody_is_refused(tmp_path: Path, unplaced: int) -> None:
    """It would withdraw the records of those it cannot name. An ordinary delivery of the same rows is taken in, and proves no absence."""
    rows = "".join(hukou_row(i, id_number="" if i < unplaced else resident(i)) for i in range(3))
    path, host = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + rows), MemoryHost()

    with pytest.raises(UnreadableFile, match=f"{unplaced} of 3 rows name nobody") as raised:
        send(host, path, mode="replace")

    assert host.messages == [] and raised.value.exit_code == 3 and f"3 行中 {unplaced} 行" in raised.value.text.zh
    assert send(host, path).void


def test_a_full_replacement_says_so_when_it_starts(tmp_path: Path) -> None:
    """Once it is complete only what has its number or a greater one counts."""
    host = MemoryHost()

    send(host, write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(1)), mode="replace", id="full")
    send(host, write_text_file(tmp_path / "b.csv", HUKOU_HEADER + hukou_row(2)), id="more")

    assert [m for m in host.messages if isinstance(m, DeliveryStarted)] == [
        DeliveryStarted("hukou", 0, 1, "full", True),
        DeliveryStarted("hukou", 0, 2, "more"),
    ]


@pytest.mark.parametrize("when", [0, 1])
def test_what_was_counted_is_what_is_applied(tmp_path: Path, when: int) -> None:
    """A file that somebody writes to meanwhile is refused: before a row where it is seen in time, with no row of the other text anyhow."""
    path, host = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + "".join(hukou_row(i) for i in range(25_000))), MemoryHost()
    calls = iter(range(100))

    def touch(rows: int) -> None:
        if next(calls) == 3 * when:
            path.write_bytes((HUKOU_HEADER + "".join(hukou_row(i) for i in range(100, 120))).encode())

    with pytest.raises(UnreadableFile, match="changed while it was read"):
        send(host, path, progress=touch)

    assert (host.messages == []) == (when == 0)
    assert not any(isinstance(m, DeliveryCompleted) for m in host.messages)


def test_two_people_of_one_token_leave_nothing_behind(tmp_path: Path) -> None:
    """It is seen while the file is counted, so no row before them is applied."""
    vault, host = Vault(tmp_path / "identity", bytes(32)), MemoryHost()
    vault.admit(Kind.PERSON, TOKENS.person([resident(15_000)]), np.array([7], np.uint64), "hukou")
    path = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + "".join(hukou_row(i) for i in range(15_001)))

    with pytest.raises(TokenCollision):
        deliver(host, FEEDS["hukou"], 0, path, TOKENS, vault, received=RECEIVED)

    assert host.messages == []


def test_a_flaw_says_which_record_where_that_tells_nobody(tmp_path: Path) -> None:
    """The number of an enrolment; never that of a person, nor a name."""
    rows = "".join(insurance_row(i, enrolment_no=key, paid="?") for i, key in enumerate(["YB-7", f"a{resident(3)}", "张三", resident(4)]))
    rows += insurance_row(9, enrolment_no="YB-9", id_number="?")

    (parcel,) = read(FEEDS["insurance"], 0, 1, write_text_file(tmp_path / "a.csv", INSURANCE_HEADER + rows), TOKENS, received=RECEIVED)
    (own,) = read(
        FEEDS["hukou"], 0, 1, write_text_file(tmp_path / "b.csv", HUKOU_HEADER + hukou_row(1, sex="?")), TOKENS, received=RECEIVED
    )

    assert [(flaw.key, flaw.nobody) for flaw in parcel.flaws] == [
        ("YB-7", False),
        (None, False),
        (None, False),
        (None, False),
        (None, True),
    ]
    assert [flaw.key for flaw in own.flaws] == [None]


def test_the_vault_shows_the_latest_name(tmp_path: Path) -> None:
    """The greatest (order, delivery, row) wins; files are their owner's only; unknown tokens are left out."""
    host, vault = MemoryHost(), Vault(tmp_path / "identity", bytes(32))
    send(host, write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(1, name=" 新 ", changed_at="2026-09-02") + hukou_row(2)))
    send(host, write_text_file(tmp_path / "b.csv", HUKOU_HEADER + hukou_row(1, name="旧")))
    first, second = TOKENS.person([resident(1), resident(2)]).tolist()

    names = vault.look_up(FEEDS["hukou"], [first, second, 5], ["name"])

    assert dict(names.select("token", "name").rows()) == {first: "新", second: "居民2"}
    assert dict(vault.who(Kind.PERSON, [second, 5]).rows()) == {second: resident(2)}
    modes = {oct(os.stat(p).st_mode & 0o777) for p in (tmp_path / "identity").rglob("*.sealed")}
    assert modes == {"0o600"} and os.stat(tmp_path / "identity").st_mode & 0o777 == 0o700


def test_two_people_of_one_token_are_refused(tmp_path: Path) -> None:
    """A token known with another check stops the delivery, also when it came in an earlier process."""
    (parcel,) = read(FEEDS["hukou"], 0, 1, write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(1)), TOKENS, received=RECEIVED)
    with Vault(tmp_path / "identity", bytes(32)).writer(FEEDS["hukou"], 0, 1) as writer:
        writer.add(parcel.identities)

    other = parcel.identities.with_columns(check=parcel.identities["check"] ^ 1)
    with pytest.raises(TokenCollision) as raised, Vault(tmp_path / "identity", bytes(32)).writer(FEEDS["hukou"], 0, 2) as writer:
        writer.add(other)

    assert raised.value.exit_code == 5 and len(list((tmp_path / "identity").rglob("[0-9]*.sealed"))) == 1


def test_progress_and_flaws_are_told_as_they_come(tmp_path: Path) -> None:
    """``progress`` hears of rows read, counted and then applied; ``on_flaw`` of every flaw, also beyond those a report keeps."""
    path = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + "".join(hukou_row(i, sex="?") for i in range(12_000)))
    progress: list[int] = []
    flaws: list[object] = []

    report = send(MemoryHost(), path, progress=progress.append, on_flaw=flaws.append)

    assert progress == [10_000, 12_000, 22_000, 24_000] and len(flaws) == 12_000 and len(report.flaws) == delivery_module._FLAWS_KEPT


line = st.sampled_from([hukou_row(1), hukou_row(2, sex="?"), hukou_row(3, division="x"), "a,b\n", '"\n', "\n"]) | st.text(max_size=30)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(line, max_size=8), st.sampled_from(["utf-8", "gb18030"]))
def test_any_file_gives_a_report_or_one_error(tmp_path: Path, lines: list[str], encoding: str) -> None:
    """Rows, placed and unplaced add up, or the file is refused; there is no third way."""
    path = tmp_path / "a.csv"
    path.write_bytes((HUKOU_HEADER + "".join(lines)).encode(encoding, "replace"))
    host = MemoryHost()

    try:
        report = send(host, path)
    except UnreadableFile:
        return

    assert report.rows == report.placed + report.unplaced
    assert np.unique(host.rows()).tolist() == host.rows()


def test_a_full_replacement_without_a_row_is_refused(tmp_path: Path) -> None:
    """A file of headers alone would withdraw everything: nothing happens, and the sentence says so."""
    host = MemoryHost()
    path = write_text_file(tmp_path / "hukou.csv", HUKOU_HEADER + "\n")

    with pytest.raises(UnreadableFile, match="withdraw every record"):
        send(host, path, mode="replace")

    assert host.messages == []
