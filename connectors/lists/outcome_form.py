"""What a list that comes back may say of a policy's candidates: the names of its columns, and the words for criteria and checks.

The one idea: an agency writes in its own language and calls things as the list it was given does; ids are understood, too, since programs
write them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.lists.lists import IDENTIFIER, TOKEN
from connectors.parsing.decoding import unreadable
from policies.language.catalogue import Catalogue
from policies.language.tree import Check, Leaf, Policy, leaves
from policies.problems.problems import listed, meant

COLUMNS = {
    "token": (TOKEN.zh, TOKEN.en, "subject", "化名"),
    "outcome": ("反馈", "outcome", "反馈结果", "feedback"),
    "on": ("日期", "on", "反馈日期", "date", "outcome date"),
    "criterion": ("条件", "criterion", "不符合的条件", "wrong criterion"),
}


class Form:
    """What a file about a policy may say: the names of its columns, and the words for criteria and checks.

    Args:
        versions: of the policy, the one that is asked last.
    """

    def __init__(self, versions: Sequence[Policy], catalogue: Catalogue) -> None:
        policy = versions[-1]
        self.kind = policy.subject
        register = catalogue.register(policy.subject)
        self.identity = None if register is None else register.identify
        number = () if self.identity is None else (IDENTIFIER[policy.subject].zh, IDENTIFIER[policy.subject].en, self.identity.column)
        self.columns: Mapping[str, tuple[str, ...]] = {"number": number, **COLUMNS}
        self.criteria = _called(versions)
        self.checks: dict[str, tuple[str, ...]] = {
            leaf.meta.id: (leaf.meta.id, *_words(leaf)) for leaf in leaves(policy.criteria) if isinstance(leaf, Check)
        }

    def criterion(self, text: str) -> str | None:
        """The id of the criterion a person wrote by id or by label; None where it is none, or several are called so."""
        return self.criteria.get(_plain(text))

    def places(self, header: Sequence[str], name: str) -> dict[str, str]:
        """By what is asked for (a check by ``?`` and its id), the column of the file that holds it.

        Raises:
            UnreadableFile: nobody is named, nothing is told, or two columns say the same.
        """
        found: dict[str, str] = {}
        asked = {**self.columns, **{f"?{check}": words for check, words in self.checks.items()}}
        for what, words in asked.items():
            known = {_plain(word) for word in words}
            columns = [column for column in dict.fromkeys(header) if _plain(column) in known]
            if len(columns) > 1:
                raise unreadable(name, f"有几列说的是同一件事：{listed(columns)}", f"has several columns for one thing: {listed(columns)}")
            if columns:
                found[what] = columns[0]
        if not found.keys() & {"number", "token"}:
            zh, en = "、".join([TOKEN.zh, *self.columns["number"][:1]]), " or ".join([TOKEN.en, *self.columns["number"][1:2]])
            raise unreadable(name, f"没有说明是谁的列；应有 {zh}", f"has no column that says who it is; expected {en}")
        if not any(what == "outcome" or what.startswith("?") for what in found):
            near = meant("outcome", header)
            zh = f"没有“反馈”列，也没有核实项的列。{near.zh}"
            raise unreadable(name, zh, "has neither a column `outcome` nor one of a check" + (f".{near.en}" if near.en else ""))
        return found


def _called(versions: Sequence[Policy]) -> dict[str, str]:
    """The ids of criteria by what they are called, of the newest version that has the word; none where several are called so."""
    found: dict[str, str] = {}
    for policy in versions:
        words: dict[str, set[str]] = {}
        for leaf in leaves(policy.criteria):
            for word in _words(leaf):
                words.setdefault(_plain(word), set()).add(leaf.meta.id)
        for word, of in words.items():
            found.pop(word, None)
            if len(of) == 1:
                found[word] = next(iter(of))
        found |= {_plain(leaf.meta.id): leaf.meta.id for leaf in leaves(policy.criteria)}
    return found


def _words(leaf: Leaf) -> list[str]:
    """What a criterion is called: its label, and of a check its question."""
    texts = [leaf.meta.label, leaf.text if isinstance(leaf, Check) else None]
    return [word for text in texts if text is not None for word in (text.zh, text.en)]


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
