"""Many policies for the speed measurements: the relocation rule, and a hundred or five thousand that share some four hundred leaves.

The trees are built directly, with the conditions of the library's policies and varying ages, amounts and streets.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np

from benchmarks.world import STREETS, library
from policies.checking.checker import check
from policies.language.catalogue import Catalogue
from policies.language.tree import Age, All, AnyOf, Compare, DateTest, FieldRef, Literals, Meta, Node, NoneOf, Policy, Quantifier, Step, Sum
from policies.values import Kind, Period, Text
from policies.yaml.document import load

_TITLE = Text("测速", "speed")
_RECORDS = {"medical_insurance": Step("records", "medical_insurance"), "pension": Step("records", "pension")}


def relocation(catalogue: Catalogue, *amendments: tuple[str, str]) -> Policy:
    """The relocation rule of the library, with pieces of its text replaced."""
    file = library() / "policies" / "relocation-hardship.yaml"
    text = file.read_text("utf-8")
    for old, new in amendments:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    policy = check(load(text, file.name), catalogue).policy
    assert policy is not None
    return policy


AMENDED = (("version: 1", "version: 2"), ('times: "1.5"', 'times: "1.2"'), ("within_last: P24M", "within_last: P36M"))
"""A second version: poorer households, older notices; some leave, some enter."""


def _meta(number: int) -> Meta:
    return Meta(f"c{number}", f"criteria.{number}")


def _person_leaf(n: int, pick: int) -> Node:
    m = _meta(n)
    match pick % 8:
        case 0:
            return Age(m, FieldRef("hukou", "birth_date"), "ge", Literals((50 + pick // 8 % 45,)))
        case 1:
            status = ("active", "suspended", "ended")[pick // 8 % 3]
            where = Compare(m, FieldRef("medical_insurance", "status", own=True), "eq", Literals((status,)))
            if pick // 24 % 2:
                scheme = ("employee", "resident", "rural")[pick // 48 % 3]
                where = All(m, (where, Compare(m, FieldRef("medical_insurance", "scheme", own=True), "eq", Literals((scheme,)))))  # type: ignore[assignment]  # a node
            return Quantifier(m, "none" if pick % 3 else "some", (_RECORDS["medical_insurance"],), where)
        case 2:
            where = Compare(m, FieldRef("pension", "amount", own=True), "lt", Literals((Fraction(1000 + 100 * (pick // 8 % 60)),)))
            return Quantifier(m, "some", (_RECORDS["pension"],), where)
        case 3:
            return DateTest(m, FieldRef("hukou", "hukou_since"), "at_least_ago", Period(12 * (1 + pick // 8 % 40)))
        case 4:
            return Compare(m, FieldRef("hukou", "division"), "within", Literals((STREETS[pick // 8 % 10],)))
        case 5:
            return Sum(
                m,
                FieldRef("pension", "amount", own=True),
                (_RECORDS["pension"],),
                None,
                "lt",
                Literals((Fraction(2000 + 50 * (pick // 8 % 60)),)),
            )
        case 6:
            return Compare(m, FieldRef("income", "monthly_income"), "lt", Literals((Fraction(1000 + 100 * (pick // 8 % 60)),)))
        case _:
            return Quantifier(m, "count", (_RECORDS["medical_insurance"],), None, "ge", Literals((1 + pick // 8 % 4,)))


def _household_leaf(n: int, pick: int) -> Node:
    m = _meta(n)
    members = Step("members", "hukou")
    match pick % 4:
        case 0:
            return Sum(
                m,
                FieldRef("income", "monthly_income"),
                (members,),
                None,
                "lt",
                Literals((Fraction(1000 + 50 * (pick // 4 % 40)),)),
                FieldRef("household", "size"),
            )
        case 1:
            aged = Age(m, FieldRef("hukou", "birth_date"), "ge", Literals((60 + pick // 4 % 30,)))
            return Quantifier(m, "some", (members,), aged)
        case 2:
            return Quantifier(
                m,
                "some",
                (Step("link", "registered_at"), Step("records", "relocation")),
                Compare(m, FieldRef("relocation", "line", own=True), "eq", Literals((("L15", "L20")[pick // 4 % 2],))),
            )
        case _:
            return Compare(m, FieldRef("household", "size"), "ge", Literals((1 + pick // 4 % 8,)))


def many(count: int, seed: int = 7) -> list[Policy]:
    """Policies of three to six conditions: nine in ten over persons of an age band in a street, one in ten over households being relocated."""
    rng = np.random.default_rng(seed)
    day = Period(0, 30)
    evidence = dict.fromkeys(("medical_insurance", "pension", "hukou", "income", "relocation"), day)
    out = []
    for number in range(count):
        household = number % 10 == 9
        picks = rng.integers(0, 10_000, int(rng.integers(3, 7)))
        # a list is of one street and an age band of five years, or of those being relocated: not of everyone
        if household:
            picks[0] = 4 * (picks[0] // 4) + 2
        else:
            picks[:2] = 8 * (picks[:2] // 8) + (0, 4)
        leaves = tuple((_household_leaf if household else _person_leaf)(i, int(pick)) for i, pick in enumerate(picks))
        if not household:
            band = Age(_meta(80), FieldRef("hukou", "birth_date"), "lt", Literals((50 + int(picks[0]) // 8 % 45 + 5,)))
            leaves = (*leaves[:1], band, *leaves[1:])
        root: Node = All(_meta(90), leaves)
        if number % 3 == 1:
            sure = 1 if household else 3
            root = All(_meta(90), (*leaves[:sure], AnyOf(_meta(91), leaves[sure:])))
        elif number % 3 == 2:
            root = All(_meta(90), (*leaves[:-1], NoneOf(_meta(92), leaves[-1:])))
        out.append(
            Policy(
                f"p{number}",
                1,
                "benefit",
                Kind.HOUSEHOLD if household else Kind.PERSON,
                "310107",
                _TITLE,
                {},
                "putuo-civil-affairs",
                "assistance",
                date(2026, 1, 1),
                None,
                evidence,
                {},
                (),
                root,
                ("hukou",),
                str(number),
            )
        )
    return out
