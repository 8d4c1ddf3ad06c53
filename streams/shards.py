"""A shard: the matcher of one partition, told by orders what to do.

The one idea: orders are numbered; one that was done before is passed over, one that comes too early is passed over too, for whoever sent
it sends everything again from the first that was not acknowledged. What each order moved goes out under its number, if it is nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from matchers.changes import Changes
from matchers.identity import correction_read
from matchers.locate import Routed
from matchers.sharded import ShardMatcher
from policies.catalogue import Catalogue
from streams.errors import Unreadable
from streams.folds import Outgoing, dead
from streams.lines import Moved, lines, seen
from streams.orders import Found, Order, Step, decode_order, encode_found, statements_plain, statements_read
from streams.ports import Arrays, Parts
from streams.state import in_order


class Shard:
    """The fold of one partition of the orders topic.

    Args:
        parts: the ports that read catalogues and policies.
        partition: its number.
    """

    def __init__(self, parts: Parts, partition: int, kept: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.parts, self.partition = parts, partition
        self.offset, self.done = -1, 0
        self.counts: Counter[str] = Counter()
        self.catalogues: list[tuple[str, dict[str, str]]] = []
        self.built: list[Catalogue] = []
        self.texts: dict[str, tuple[str, int, int]] = {}  # text, version and number of its catalogue, of each policy matched
        self.matcher: ShardMatcher | None = None
        if kept is not None:
            self._restore(*kept)

    def take(self, body: bytes, offset: int) -> list[Outgoing]:
        self.offset = offset
        try:
            order = decode_order(body)
        except Unreadable as error:
            self.counts["refused"] += 1
            return [dead(error, body, "orders", self.partition, offset)]
        if order.number != self.done + 1:
            self.counts["early"] += order.number > self.done
            return []
        self.done = order.number
        moves = list(self._moves(order))
        found = Found(self.partition, order.number, lines(moves, order.offset), seen(moves))
        return [Outgoing("lines", 0, f"{self.partition}.{order.number}", "found", encode_found(found))]

    def _moves(self, order: Order) -> Iterator[Moved]:
        for step in order.steps:
            made = self._made(step)
            self.counts["verdicts"] += 0 if self.matcher is None else self.matcher.due
            for changes in made:
                columns = changes.columns()
                for told in step.told:
                    yield Moved(told.day, told.cause, columns if told.names is None else columns.of(set(told.names), told.others))

    def _made(self, step: Step) -> list[Changes]:
        """What the matcher says to a step."""
        facts, matcher = step.facts, self.matcher
        if step.name == "catalogue":
            self._catalogue(facts["units"], facts["contracts"], date.fromisoformat(facts["day"]))
            return []
        assert matcher is not None, "an order before the first catalogue"
        if step.name == "correct":
            correction, answers = correction_read(facts)
            return matcher.take(step.routed or Routed(), partial(matcher.correct, correction, answers))
        out = matcher.take(step.routed) if step.routed is not None else []
        match step.name:
            case "rows":
                return out
            case "replace":
                return [*out, matcher.replace(facts["feed"], facts["source"], facts["delivery"])]
            case "publish":
                name, version, text, catalogue = facts["policy"], facts["version"], facts["text"], facts["catalogue"]
                self.texts[name] = (text, version, catalogue)
                return [*out, matcher.publish(self.parts.read_policy(text, f"{name}@{version}", self.built[catalogue]))]
            case "withdraw":
                del self.texts[facts["name"]]
                return [*out, matcher.withdraw(facts["name"])]
            case "cover":
                return [*out, matcher.cover(statements_read(facts["statements"]))]
            case "answer":
                return [*out, matcher.answer(facts["policy"], facts["subject"], facts["check"], facts["answer"])]
            case "watch":
                return [*out, matcher.watch(facts["policy"], facts["subject"], facts["on"])]
            case "tick":
                return [*out, matcher.tick(date.fromisoformat(facts["day"]))]
            case _:
                raise AssertionError(step.name)

    def _catalogue(self, units: str, contracts: dict[str, str], day: date) -> None:
        built = in_order(self.built[-1] if self.built else None, self.parts.build_catalogue(units, contracts))
        self.catalogues.append((units, dict(contracts)))
        self.built.append(built)
        if self.matcher is None:
            self.matcher = ShardMatcher(built, day)
        else:
            self.matcher.extend(built)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def arrays(self) -> Arrays:
        return {} if self.matcher is None else self.matcher.arrays()

    @property
    def erased(self) -> int:
        return 0

    def passing(self) -> tuple[Outgoing, ...]:
        return ()

    def counted(self) -> Counter[str]:
        return self.counts

    def gauged(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        matcher = None if self.matcher is None else self.matcher.meta()
        statements = [] if self.matcher is None else statements_plain(self.matcher.statements)
        return {
            "offset": self.offset, "done": self.done, "catalogues": self.catalogues, "texts": self.texts, "statements": statements,
            "matcher": matcher,
        }  # fmt: skip

    def _restore(self, meta: dict[str, Any], arrays: Arrays) -> None:
        self.offset, self.done = meta["offset"], meta["done"]
        for units, contracts in meta["catalogues"]:
            self.catalogues.append((units, contracts))
            self.built.append(in_order(self.built[-1] if self.built else None, self.parts.build_catalogue(units, contracts)))
        self.texts = {name: (text, version, catalogue) for name, (text, version, catalogue) in meta["texts"].items()}
        policies = {
            name: self.parts.read_policy(text, f"{name}@{version}", self.built[catalogue])
            for name, (text, version, catalogue) in self.texts.items()
        }
        if self.built:
            self.matcher = ShardMatcher.restore(self.built[-1], arrays, meta["matcher"], policies, statements_read(meta["statements"]))
