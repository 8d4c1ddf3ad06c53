"""Delivers a folder to a real host through the real connectors, and reads the verdicts of the one query.

Every message of the host is recorded on a tape, so that ``test_real_input`` can replay the same world in other orders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import duckdb
import numpy as np
import polars as pl

from connectors.intake.delivery import DeliveryReport
from infra.workspace.workspace import Workspace
from matchers.core import Matcher
from matchers.lists.compare import rows_with_verdict
from matchers.lists.evaluation import scan
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.values import Kind
from services.deliveries.coverage import state_coverage
from services.deliveries.delivery import deliver
from streams.host import Host, Receipt
from streams.language.messages import CandidateChange, CheckAnswered, Input, PolicyPublished, Tick
from streams.language.ports import read_policy
from streams.steps.state import State
from tests.realdata.deliveries import Deliveries, Part, write
from tests.realdata.joined_tables import joined_connection
from tests.realdata.plan import AS_OF, DATA, DISTRICT, HERE, plan, zone

LETTERS = {Kind.PERSON: "P", Kind.HOUSEHOLD: "H"}
Verdicts = dict[int, str]
Listing = list[tuple[int, str, tuple[str, ...], tuple[tuple[str, str | None], ...]]]


class Tape:
    """A host that records its messages."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.messages: list[Input] = []

    @property
    def state(self) -> State:
        return self.host.state

    def submit(self, message: Input) -> Receipt:
        return self.submit_many([message])[0]

    def submit_many(self, messages: Sequence[Input]) -> list[Receipt]:
        self.messages += messages
        return self.host.submit_many(messages)

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Receipt]:
        return self.host.submit_each(self._record_each(messages))

    def _record_each(self, messages: Iterable[Input]) -> Iterator[Input]:
        for message in messages:
            self.messages.append(message)
            yield message


@dataclass(slots=True)
class World:
    """A delivered folder: the workspace, the messages in the host's order, reports by file, and the one query's tables."""

    folder: str
    workspace: Workspace
    deliveries: Deliveries
    messages: list[Input]
    reports: dict[str, DeliveryReport]
    outputs: list[CandidateChange]
    con: duckdb.DuckDBPyConnection
    policies: dict[str, Policy]
    ids: dict[Kind, dict[int, int]]
    """Tokens of every person and household, and the number in the sample."""
    places: dict[Kind, dict[int, str | None]]
    """Where the query says that each registered one is placed."""
    answers: dict[int, bool]
    seconds: float
    last: dict[str, tuple[Verdicts, Listing]] = field(default_factory=dict)

    def query_verdicts(self, policy: str) -> Verdicts:
        """The verdicts of the one query, by number."""
        return cast("Verdicts", dict(self.con.execute(sql_of(self.folder, policy)).fetchall()))

    def engine_verdicts(self, matcher: Matcher, policy: str) -> Verdicts:
        """The engine's verdicts, by number."""
        target = self.policies[policy]
        rows, words = rows_with_verdict(matcher, target, AS_OF)
        tokens = matcher.store.tokens[list(Kind).index(target.subject)][rows].tolist()
        names = self.ids[target.subject]
        return {names[token]: ("", "yes", "no", "unknown")[word] for token, word in zip(tokens, words.tolist(), strict=True)}

    def signature(self, matcher: Matcher, policy: str) -> dict[str, bytes]:
        """Every verdict and everything on the list, by token, as bytes: equal where verdicts, statuses, missing and open checks are."""
        rows, words = rows_with_verdict(matcher, self.policies[policy], AS_OF)
        kind = list(Kind).index(self.policies[policy].subject)
        everybody: np.ndarray[Any, Any] = matcher.store.tokens[kind][rows]
        candidates = scan(matcher, self.policies[policy], AS_OF)
        here, there = np.argsort(everybody), np.argsort(candidates.subject)
        names = repr((candidates.entry.pairs, candidates.entry.checks))  # what the bits of missing and checklist mean
        columns: dict[str, np.ndarray[Any, Any]] = {
            "listed": candidates.subject,
            "status": candidates.status,
            "missing": candidates.missing,
            "checklist": candidates.checklist,
        }
        judgement = {"judged": everybody[here].tobytes(), "verdicts": words[here].tobytes(), "names": names.encode()}
        return judgement | {name: column[there].tobytes() for name, column in columns.items()}

    def engine_list(self, matcher: Matcher, policy: str) -> Listing:
        """The engine's list, by number."""
        names = self.ids[self.policies[policy].subject]
        return sorted((names[c.subject], str(c.status), c.checklist, c.missing) for c in matcher.candidates(policy))


def documents(folder: str, name: str) -> list[Path]:
    """Files of a kind: those of both folders and those of one."""
    return sorted([*(HERE / name).glob("*.yaml"), *(HERE / folder / name).glob("*.yaml")])


def policies_of(folder: str) -> list[str]:
    """The names of a folder's policies."""
    return [path.stem for path in documents(folder, "policies")]


def sql_of(folder: str, policy: str) -> str:
    """The query of a policy."""
    path = next(p for p in documents(folder, "policies") if p.stem == policy)
    return path.with_suffix(".sql").read_text(encoding="utf-8")


def world(folder: str, scratch: Path) -> World:
    """Splits, writes and delivers a folder: policies, files, statements and answers come mixed."""
    workspace = Workspace.create(scratch / "workspace", (HERE / "units.yaml").read_text(encoding="utf-8"))
    for path in documents(folder, "feeds"):
        (workspace.folder("feeds") / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    homes = _homes(folder)
    folder_of_files = scratch / "sent"
    folder_of_files.mkdir()
    deliveries = write(plan(folder), homes, folder_of_files)
    rng = np.random.default_rng(5)
    start = perf_counter()
    with workspace.writing() as host:
        tape = Tape(host)
        tape.messages.append(host.state.catalogues[-1])
        reports = _deliver_all(workspace, tape, folder, deliveries, rng)
        checks, _ = _answers(workspace, deliveries)
        for answer in checks:
            tape.submit(answer)
        outputs = list(host.outputs())
        policies, catalogue = host.state.policies, host.state.catalogue
    seconds = perf_counter() - start
    con = joined_connection(folder, deliveries, [(f.name, s.unit, s.division) for f in catalogue.feeds.values() for s in f.sources])
    _, answers = _answers(workspace, deliveries)
    con.register("given_answers", pl.DataFrame({"id": list(answers), "answer": list(answers.values())}))
    con.execute("CREATE TABLE answered AS SELECT * FROM given_answers")
    places = {
        kind: dict(con.execute(f"SELECT id, zone FROM {table} WHERE registered").fetchall())
        for kind, table in ((Kind.PERSON, "person"), (Kind.HOUSEHOLD, "home"))
    }
    ids = _ids(workspace, catalogue, con)
    return World(folder, workspace, deliveries, tape.messages, reports, outputs, con, policies, ids, places, answers, seconds)


def _deliver_all(
    workspace: Workspace, tape: Tape, folder: str, deliveries: Deliveries, rng: np.random.Generator
) -> dict[str, DeliveryReport]:
    """Ticks, publishes and delivers; the parts of one source in their order, everything else as it happens to come. Some files come twice."""
    host = cast("Host", tape)
    tape.submit(Tick(AS_OF - timedelta(days=3)))
    queues: dict[tuple[str, int], list[Part]] = {}
    for part in deliveries.parts:
        queues.setdefault((part.feed, part.source), []).append(part)
    texts = [path.read_text(encoding="utf-8") for path in documents(folder, "policies")]
    turns: list[object] = [*(queue for queue in queues.values() for _ in queue), *texts, None]
    reports = {}
    for turn in rng.permutation(len(turns)).tolist():
        match turns[turn]:
            case list() as queue:
                part = queue.pop(0)
                reports[part.name] = deliver(
                    workspace, host, part.feed, part.source, part.path, AS_OF, part.replaces, called=part.name
                ).report
            case str() as text:
                tape.submit(publication(text, tape.state.catalogue))
            case _:
                state_coverage(workspace, host, deliveries.coverage, AS_OF)
                tape.submit(Tick(AS_OF))
    again = deliveries.parts[0]
    assert deliver(workspace, host, again.feed, again.source, again.path, AS_OF, again.replaces, called=again.name).report.already
    return reports


def publication(text: str, catalogue: Catalogue) -> PolicyPublished:
    """The publication of a policy."""
    policy = read_policy(text, "policy.yaml", catalogue)
    return PolicyPublished(policy.name, policy.version, text, policy.digest, "author", "approver")


def _answers(workspace: Workspace, deliveries: Deliveries) -> tuple[list[CheckAnswered], dict[int, bool]]:
    """The answers of all persons looked up: whether they wish to be visited; every second one does not."""
    answer_of = {id: place % 2 == 0 for place, id in enumerate(deliveries.looked_up)}
    tokens = _tokens(workspace, workspace.catalogue(), Kind.PERSON, list(answer_of))
    return [CheckAnswered("alone-at-75", token, "wishes", yes) for token, yes in zip(tokens, answer_of.values(), strict=True)], answer_of


def _tokens(workspace: Workspace, catalogue: Catalogue, kind: Kind, ids: list[int]) -> list[int]:
    register = next(feed for feed in catalogue.feeds.values() if feed.registers is kind)
    texts = pl.Series([f"{LETTERS[kind]}{id}" for id in ids], dtype=pl.String)
    tokens: list[int] = workspace.tokens().column(kind, register.identify, texts).tokens.tolist()
    return tokens


def _ids(workspace: Workspace, catalogue: Catalogue, con: duckdb.DuckDBPyConnection) -> dict[Kind, dict[int, int]]:
    id_of_token = {}
    for kind, table in ((Kind.PERSON, "raw_person"), (Kind.HOUSEHOLD, "raw_household")):
        ids = [row[0] for row in con.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()]
        id_of_token[kind] = dict(zip(_tokens(workspace, catalogue, kind, ids), ids, strict=True))
    return id_of_token


def _homes(folder: str) -> dict[int, str]:
    """Every person's street."""
    persons, households = (pl.read_csv(DATA / folder / f"{name}.csv.gz", infer_schema_length=None) for name in ("persons", "households"))
    names = ("PERID", "HHID", "TAZ") if folder == "bayarea" else ("person_id", "household_id", "taz")
    zones = households.select(household_id=names[1], zone=pl.col(names[2]).cast(pl.Int64))
    both = persons.select("household_id", id=names[0]).join(zones, on="household_id")
    return {id: zone(code) for id, code in both.select("id", "zone").iter_rows()}


def statuses(world: World, policy: str, verdicts: Verdicts) -> dict[int, str]:
    """Who is on the list by the query's verdicts: semantics §9, for policies in force whose scope is a prefix of every street it lists."""
    target = world.policies[policy]
    inside = {id for id, place in world.places[target.subject].items() if place is not None and place.startswith(target.scope)}
    burden = target.direction == "burden"
    checked = policy == "alone-at-75"

    def status(id: int, word: str) -> str | None:
        if word == "yes":
            return "to_check" if checked and id not in world.answers else "eligible"
        return "needs_evidence" if word == "unknown" and not burden else None

    status_of = {id: status(id, word) for id, word in verdicts.items() if id in inside}
    return {id: word for id, word in status_of.items() if word is not None}


def counts(verdicts: Verdicts) -> tuple[int, int, int]:
    """Yes, no and unknown."""
    counter = Counter(verdicts.values())
    return counter["yes"], counter["no"], counter["unknown"]


def summed_lists(changes: list[CandidateChange]) -> dict[str, dict[int, Any]]:
    """The lists that the lines of all editions add up to: by policy and token, status and missing."""
    lists: dict[str, dict[int, Any]] = {}
    for line in changes:
        entries = lists.setdefault(line.policy, {})
        if line.change == "left":
            del entries[line.subject]
        else:
            assert (line.subject in entries) == (line.change == "changed")
            entries[line.subject] = (line.status, line.checklist, line.missing)
    return lists


__all__ = ["DISTRICT", "Tape", "World", "counts", "policies_of", "publication", "statuses", "summed_lists", "world"]
