"""The erasure of a person on a network without a broker: they are found before in topics, workers, depot and workspaces, after nowhere.

Everything is real but Kafka itself (``tests.services.erasure.network``); ``tests/kafka`` has the same with a real one.
"""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import services.erasure.erasing as erasing
from infra.workspace.erasing_note import has_unfinished_erasure
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from services.erasure.erasure import Erasure
from services.erasure.network_erasing import erase_from_network
from services.state.as_of import core
from streams.host import Host
from streams.language.errors import DamagedStore, Refusal
from streams.language.messages import CoverageStated, OutcomeReported, Tick
from streams.ledgers.erasures import digest, erasure_message, stand_in
from streams.lists.editions import edition_problems
from streams.network.network_host import NetworkHost
from streams.testing import rows
from streams.wire.wire import decode, encode
from tests.console.command import run_command
from tests.services.erasure import canary
from tests.services.erasure.canary import ALLOWANCE, UNINSURED
from tests.services.erasure.network import MemoryNetwork, Partition, search_network
from tests.shared_worlds import built_once
from tests.streams.world import stamped_bytes

PEOPLE = ("王芳", "李强", "R1")
EVERYWHERE = {"inputs", "orders", "lines", "changes", "editions", "worker", "depot"}
Town = tuple[MemoryNetwork, Workspace, dict[str, bytes]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, int], Partition]]:
    """The folder and the topics of a network with the person in it, and in the workspace ``w`` beside it; only to be read."""
    folder = built_once(tmp_path_factory, "network", build_network)
    return folder / "network", pickle.loads((folder / "topics.pickle").read_bytes())


def build_network(folder: Path) -> None:
    """Writes the network's folder, and its topics in a file beside it."""
    network = MemoryNetwork(folder / "network")
    with pytest.MonkeyPatch.context() as patch:
        join_network(patch, network)
        workspace = canary.workspace_with_person(network.folder, network="memory.", environment={})
        network.work()
        canary.write_copies(workspace, canary.token_of(workspace))
    network.stop()
    (folder / "topics.pickle").write_bytes(pickle.dumps(network.partitions))


@pytest.fixture
def town(original: tuple[Path, dict[tuple[str, int], Partition]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A copy to erase the person from."""
    folder, partitions = original
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(canary.SNAPSHOT))
    (tmp_path / "w" / "secret.key").chmod(0o600)
    network = MemoryNetwork(tmp_path, partitions)
    join_network(monkeypatch, network)
    workspace = Workspace.open(tmp_path / "w", {})
    yield network, workspace, canary.needles(workspace)
    network.stop()


def join_network(patch: pytest.MonkeyPatch, network: MemoryNetwork, depot: bool = True) -> None:
    """Every workspace is part of this network."""
    patch.setattr(Workspace, "_on_network", lambda workspace, prefix: network.client(workspace, depot))
    patch.setattr("services.erasure.erasing.topics_of", lambda workspace: network)


def impatient(patch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for."""
    patch.setattr("services.erasure.erasing.erase_from_network", partial(erase_from_network, seconds=0.0))


def erase_canary(workspace: Workspace, number: str = canary.CANARY) -> Erasure:
    return erasing.erase_person(workspace, canary.token_of(workspace, number), *PEOPLE)


def second(town: Town) -> Workspace:
    """Another workspace of the network, which follows, knows names, and keeps lists, as it stands now."""
    _, workspace, _ = town
    other = workspace.root.with_name("second")
    shutil.copytree(workspace.root, other)
    (other / "secret.key").chmod(0o600)
    return Workspace.open(other, {})


def lists(host: Host, but: int) -> dict[str, Any]:
    return {
        name: [candidate for candidate in core(host.state).candidates(name, every=True) if candidate.subject != but]
        for name in (UNINSURED, ALLOWANCE)
    }


def other_lines(host: Host, but: int) -> list[Any]:
    return [line for line in host.outputs() if line.subject != but and line.cause.kind != "erasure"]


def test_the_person_is_everywhere_before_and_nowhere_after(town: Town) -> None:
    """Topics, workers, depot and workspace; lists, lines and editions of everybody else are as before, and life goes on."""
    network, workspace, sought = town
    token = canary.token_of(workspace)
    assert search_network(network, sought) == EVERYWHERE
    assert canary.search(workspace, sought)
    with workspace.reading() as host:
        before, lines_before = lists(host, token), other_lines(host, token)
        closed = {name: [edition.manifest.digest for edition in host.editions(name)] for name in before}
        edition_counts = {
            name: sum(any(line.subject == token for line in edition.changes) for edition in host.editions(name)) for name in before
        }
        person_lines = sum(line.subject == token for name in before for edition in host.editions(name) for line in edition.changes)
    assert person_lines > 0

    erasure = erase_canary(workspace)

    assert search_network(network, sought) == set()
    assert canary.search(workspace, sought) == {}
    assert UNINSURED in erasure.lists
    assert erasure.network is not None and erasure.network.deleted > 0 and erasure.network.rewritten > 0
    assert erasure.editions == edition_counts and any(edition_counts.values())
    assert not has_unfinished_erasure(workspace)
    with workspace.writing() as host:
        assert (lists(host, token), other_lines(host, token)) == (before, lines_before)
        editions = {name: list(host.editions(name)) for name in before}
        assert {name: [edition.manifest.digest for edition in some] for name, some in editions.items()} == closed
        assert [list(edition_problems(some)) for some in editions.values()] == [[], []]
        assert sum(edition.manifest.erased for some in editions.values() for edition in some) == person_lines
        offset = host.submit(Tick(host.state.day)).offset
        assert isinstance(host, NetworkHost) and host.last_told() == offset


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "noted": lambda m: m.setattr(NetworkHost, "submit", _stop),
    "decided": lambda m: m.setattr("connectors.erasure.copies.scrub_copies", _stop),
    "copies": lambda m: m.setattr("connectors.identity.vault.Vault.erase", _stop),
    "vault": lambda m: m.setattr(NetworkHost, "scrub", _stop),
    "snapshots": lambda m: m.setattr("streams.erasure.scrub._inputs", _stop),
    "scrubbed": lambda m: m.setattr("services.erasure.network_erasing._all_purged", _stop),
    "purged": lambda m: m.setattr(MemoryNetwork, "begin_segments", _stop),
    "rolled": lambda m: m.setattr("services.erasure.network_erasing.replace", _stop),
    "again": lambda m: m.setattr(NetworkHost, "ship", _stop),
    "shipped": lambda m: m.setattr(MemoryNetwork, "erase_person", _stop),
    "emptied": lambda m: m.setattr("services.erasure.erasing.remove_note", _stop),
}
"""The steps before which it may be stopped."""


class NetworkErasureStop(Exception):
    """The process ends here."""


def _stop(*_: Any, **__: Any) -> Any:
    raise NetworkErasureStop


@pytest.mark.parametrize("where", STEPS)
def test_whoever_is_stopped_finishes_later(town: Town, where: str) -> None:
    """Between any two steps, the workers starting anew as well: then it is as if it had not stopped."""
    network, workspace, sought = town
    token = canary.token_of(workspace)
    with workspace.reading() as host:
        before, lines_before = lists(host, token), other_lines(host, token)
    with pytest.MonkeyPatch.context() as patch:
        STEPS[where](patch)
        with pytest.raises(NetworkErasureStop):
            erase_canary(workspace)
    assert has_unfinished_erasure(workspace)
    with pytest.raises(Conflict):
        erase_canary(workspace)
    network.start(network.depot)

    erasing.finish_erasure(workspace)

    assert not has_unfinished_erasure(workspace)
    assert search_network(network, sought) == set()
    assert canary.search(workspace, sought) == {}
    with workspace.reading() as host:
        assert (lists(host, token), other_lines(host, token)) == (before, lines_before)
    assert erasing.finish_erasure(workspace) is None


def test_workers_that_do_not_run_are_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision counts; what is left to do, and how, is told in both languages; once they run it is finished."""
    network, workspace, sought = town
    impatient(monkeypatch)
    network.running = False

    with pytest.raises(HuiminError) as late:
        erase_canary(workspace)

    for text in (late.value.text.zh, late.value.text.en):
        assert all(name in text for name in network.stages) and "huimin erase finish" in text
    assert has_unfinished_erasure(workspace)
    assert canary.search(workspace, sought).keys() == {"vault opened"}, "but for the note, which says whom it is about"
    assert search_network(network, sought) == EVERYWHERE
    network.running = True
    erasing.finish_erasure(workspace)
    assert search_network(network, sought) == set()
    assert canary.search(workspace, sought) == {}


def test_nothing_is_emptied_while_a_worker_has_no_depot(town: Town) -> None:
    """Whoever comes next could begin nowhere: it is told, and the topics hold what they held; with a depot it is finished."""
    network, workspace, sought = town
    shutil.rmtree(network.folder / "depot")
    network.start(None)
    first = network.of("inputs").first

    with pytest.raises(HuiminError) as alone:
        erase_canary(workspace)

    assert "--depot" in alone.value.text.zh and "--depot" in alone.value.text.en
    assert network.of("inputs").first == first
    assert has_unfinished_erasure(workspace)
    network.start(network.depot)
    erasing.finish_erasure(workspace)
    assert network.of("inputs").first > first
    assert search_network(network, sought) == set()


def test_without_a_depot_nobody_is_erased(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before anything changes, with the way out."""
    network, workspace, sought = town
    join_network(monkeypatch, network, depot=False)
    end, before = network.end(), canary.search(workspace, sought)

    with pytest.raises(Refusal, match="HUIMIN_DEPOT"):
        erase_canary(workspace)

    assert network.end() == end
    assert canary.search(workspace, sought) == before
    assert not has_unfinished_erasure(workspace)


def test_another_workspace_that_follows_does_its_part(town: Town) -> None:
    """It meets the decision in the order: nothing is submitted there before its own files are clean."""
    _, workspace, sought = town
    other = second(town)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryNetwork, "erase_person", lambda *_: None)
        erase_canary(workspace)
    with other.writing() as host, pytest.raises(Refusal, match="erase finish"):
        host.submit(Tick(host.state.day))
    assert canary.search(other, sought)

    erasure = erasing.finish_erasure(other)

    assert erasure is not None and erasure.network is None and erasure.vault > 0
    assert canary.search(other, sought) == {}
    with other.writing() as host:
        host.submit(Tick(host.state.day))
    assert erasing.finish_erasure(other) is None


@pytest.mark.parametrize("what", ["copy", "segment"])
def test_what_another_workspace_cannot_read_is_left_there(town: Town, what: str) -> None:
    """It has no note of its own: its replica alone says whom it is about, so that goes last, and the same verb finishes it later."""
    _, workspace, sought = town
    other = second(town)
    path = other.root / {"copy": "exports/list.csv.gz", "segment": "identity/person/hukou/0.1.0.sealed"}[what]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    erase_canary(workspace)

    for _ in range(2):
        erasure = erasing.finish_erasure(other)
        assert erasure is not None and erasure.left == (str(path.relative_to(other.root)),)
        with other.writing() as host, pytest.raises(Refusal, match="erase finish"):
            host.submit(Tick(host.state.day))
    path.write_bytes(whole)
    erasure = erasing.finish_erasure(other)

    assert erasure is not None and erasure.left == ()
    assert canary.search(other, sought) == {}
    with other.writing() as host:
        host.submit(Tick(host.state.day))
    assert erasing.finish_erasure(other) is None


@pytest.mark.parametrize("how", ["followed", "away", "away without a vault", "away between"])
def test_two_who_were_erased_elsewhere_go_at_once(town: Town, how: str) -> None:
    """Whether it followed in time, or was away while the topic was emptied: one ``finish`` takes both out of all it keeps."""
    _, workspace, sought = town
    other, number = second(town), canary.resident(5)
    theirs = {what: needle for what, needle in canary.needles(workspace, number).items() if what in ("number", "hex", "decimal", "little")}
    if how == "away without a vault":
        shutil.rmtree(other.root / "identity")
        (other.root / "deliveries.jsonl").unlink()  # nothing was ever taken in here
    with pytest.MonkeyPatch.context() as patch:
        if how in ("followed", "away between"):
            patch.setattr(MemoryNetwork, "erase_person", lambda *_: None)
        erase_canary(workspace)
        if how == "away between":
            with other.reading() as host:
                assert host.erasing
            patch.undo()
        erase_canary(workspace, number)
    with other.reading() as host:
        assert host.erasing
        assert len(host.state.erasures) == 2
    assert canary.search(other, sought) and canary.search(other, theirs)

    erasing.finish_erasure(other)

    assert canary.search(other, sought) == canary.search(other, theirs) == {}
    assert not list(other.folder("state").glob("*/*.aside-*"))
    with other.writing() as host:
        host.submit(Tick(host.state.day))
    assert erasing.finish_erasure(other) is None


def test_a_decision_made_elsewhere_at_the_same_moment(town: Town) -> None:
    """It comes just before ours in the order: each is taken out under its own number, and neither is left half done."""
    network, workspace, sought = town
    erase_canary(workspace, canary.resident(9))
    number = canary.resident(5)
    theirs = {what: needle for what, needle in canary.needles(workspace, number).items() if what in ("number", "hex", "decimal", "little")}
    with workspace.reading() as host:
        salt, traces = host.state.erasures.salt, host.traces(canary.token_of(workspace, number))
    assert canary.search(workspace, theirs)
    decided, usual = erasure_message(salt, canary.token_of(workspace, number), "R1", "甲", "乙", traces), NetworkHost.submit

    def submit(host: NetworkHost, message: Any) -> Any:
        if len(host.state.erasures) == 1:
            network.append(stamped_bytes(decided))
        return usual(host, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NetworkHost, "submit", submit)
        erase_canary(workspace)

    assert canary.search(workspace, sought) == canary.search(workspace, theirs) == {}
    assert search_network(network, sought) == set()
    assert search_network(network, theirs) == {"changes", "editions"}, "which whoever decided it writes again"
    assert erasing.finish_erasure(workspace) is None
    with workspace.reading() as host:
        assert isinstance(host, NetworkHost)
        logged = [decode(body) for _, body in host._log.inputs(-1)]
        listed = {token for message in logged if isinstance(message, CoverageStated) for token in message.subjects}
        assert stand_in(digest(salt, canary.token_of(workspace))) in listed, "in the place of the person, and not of another"


def test_a_note_outlives_a_decision_made_elsewhere(town: Town) -> None:
    """Whoever was stopped with nothing but a note, while another workspace erased somebody else, does both."""
    network, workspace, sought = town
    other, number = second(town), canary.resident(5)
    theirs = {what: needle for what, needle in canary.needles(workspace, number).items() if what in ("number", "hex", "decimal", "little")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NetworkHost, "submit", _stop)
        with pytest.raises(NetworkErasureStop):
            erase_canary(workspace)
    erase_canary(other, number)

    erasing.finish_erasure(workspace)

    assert canary.search(workspace, sought) == canary.search(workspace, theirs) == {}
    assert search_network(network, sought) == search_network(network, theirs) == set()
    assert not has_unfinished_erasure(workspace)
    with workspace.reading() as host:
        assert len(host.state.erasures) == 2


def test_what_was_on_its_way_is_not_kept_here(town: Town) -> None:
    """A later message that names the person is refused or blank: it is in no log of a workspace, and in no dead letter."""
    network, workspace, sought = town
    erase_canary(workspace)
    token = canary.token_of(workspace)
    with workspace.reading() as host:
        catalogue, day, before = host.state.catalogue, host.state.day, host.state.offset
    network.append(stamped_bytes(OutcomeReported(ALLOWANCE, token, "contacted", day, "the agency")))
    network.append(encode(rows(catalogue, "workplace", 99, 1, [token, 7])))
    network.work()

    with workspace.reading() as host:
        assert host.state.offset == before + 2

    assert canary.search(workspace, sought) == {}
    assert search_network(network, sought) == {"inputs", "worker"}, "until their time is over"
    assert [record.type for record in network.of("dead-letters").records[-2:]] == ["dead-letter"] * 2


@pytest.mark.parametrize(
    "where",
    [
        "connectors.erasure.copies.scrub_copies",
        "connectors.identity.vault.Vault.erase",
        "streams.erasure.stale_replicas.StaleReplicas.remove",
    ],
)
def test_whoever_was_away_and_is_stopped_finishes_later(town: Town, where: str) -> None:
    """What says whom the workspace knew goes last."""
    _, workspace, sought = town
    other = second(town)
    erase_canary(workspace)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, _stop)
        with pytest.raises(NetworkErasureStop):
            erasing.finish_erasure(other)
    with other.writing() as host, pytest.raises(Refusal):
        host.submit(Tick(host.state.day))

    erasing.finish_erasure(other)

    assert canary.search(other, sought) == {}
    with other.writing() as host:
        host.submit(Tick(host.state.day))


def test_whoever_comes_behind_the_beginning_of_the_topic_needs_the_depot(town: Town) -> None:
    """Without it that is an error, and all files stay; with it a new workspace has the lists, and nothing of the person."""
    network, workspace, sought = town
    token, other = canary.token_of(workspace), second(town)
    erase_canary(workspace)
    with workspace.reading() as host:
        before = lists(host, token)

    with pytest.MonkeyPatch.context() as patch:
        join_network(patch, network, depot=False)
        before_opening = canary.search(other, sought)
        with pytest.raises(DamagedStore, match="HUIMIN_DEPOT"), other.reading():
            pass
        assert canary.search(other, sought) == before_opening
    fresh = Workspace.open(other.root, {})
    shutil.rmtree(fresh.folder("state") / "memory")
    shutil.rmtree(fresh.folder("identity"))
    for place in ("exports", "snapshots", "quarantine"):
        shutil.rmtree(fresh.folder(place))

    with fresh.writing() as host:
        assert not host.erasing
        assert lists(host, token) == before
        host.submit(Tick(host.state.day))
    assert canary.search(fresh, sought) == {}


@pytest.mark.parametrize("fresh", [True, False], ids=["new", "away"])
def test_whoever_keeps_no_past_is_no_worker(town: Town, fresh: bool) -> None:
    """A workspace that keeps none of it comes from the depot as well, and does its part as any other."""
    _, workspace, sought = town
    other = second(town)
    (other.root / "retention").write_text("0", encoding="utf-8")
    if fresh:
        shutil.rmtree(other.folder("state") / "memory")
    erase_canary(workspace)

    with other.reading() as host:
        assert host.erasing is not fresh
    erasing.finish_erasure(other)

    assert canary.search(other, sought) == {}
    with other.writing() as host:
        host.submit(Tick(host.state.day))


def test_the_same_again_does_the_network_again(town: Town) -> None:
    """As after a backup of the topics was put back; the day it was decided stays."""
    network, workspace, _ = town
    first = erase_canary(workspace)
    begins = network.of("inputs").first

    again = erase_canary(workspace)

    assert (again.day, again.already) == (first.day, False)
    assert again.network is not None and again.network.deleted > 0
    assert network.of("inputs").first > begins
    with workspace.reading() as host:
        assert len(host.state.erasures) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_went_on_the_network_is_said(town: Town, language: str) -> None:
    """By counts; another workspace's doctor says what to run there, and its ``finish`` says nothing of topics."""
    _, workspace, _ = town
    other = second(town)

    def run(where: Workspace, *words: str) -> Any:
        place = {"HUIMIN_WORKSPACE": str(where.root), "HUIMIN_LANG": language, "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160"}
        return run_command(*words, env=place, input=canary.CANARY + "\n")

    deleted = {"zh": "主题中清除的消息", "en": "messages deleted from topics"}[language]
    people = ("--by", "王芳", "--approved-by", "李强", "--reason", "R1")

    run_here = run(workspace, "erase", "person", "-", *people, "--yes")
    before = [finding["code"] for finding in json.loads(run(other, "doctor", "--json").stdout)]
    run_there = run(other, "erase", "finish")
    after = [finding["code"] for finding in json.loads(run(other, "doctor", "--json").stdout)]

    assert (run_here.exit_code, run_there.exit_code) == (0, 0), run_here.output + run_there.output
    assert deleted in run_here.output and canary.CANARY not in run_here.output
    assert deleted not in run_there.output
    assert "erasing" in before and "erasing" not in after
