"""The columns and words that a returned list may use: names of columns, criteria and checks of one policy.

``connectors.lists.outcomes`` reads files by it. An agency writes in its own language, with the words of the list it was given; programs
write ids. Both are understood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.lists.titles import COLUMNS, IDENTIFIER, TOKEN, plain
from connectors.parsing.decoding import unreadable
from policies.language.catalogue import Catalogue
from policies.language.tree import Check, Leaf, Policy, leaves
from policies.problems.problems import comma_list, suggestion
from streams.ledgers.follow_ups import ITEMS


class OutcomeForm:
    """The names of columns, and the words for criteria and checks, in a returned list of a policy.

    Args:
        versions: of the policy; the last one decides where a word has several meanings.
    """

    def __init__(self, versions: Sequence[Policy], catalogue: Catalogue) -> None:
        policy = versions[-1]
        self.policy = policy
        self.kind = policy.subject
        register = catalogue.register(policy.subject)
        self.identity = None if register is None else register.identify
        number = () if self.identity is None else (IDENTIFIER[policy.subject].zh, IDENTIFIER[policy.subject].en, self.identity.column)
        self.columns: Mapping[str, tuple[str, ...]] = {"number": number, **COLUMNS}
        self.criteria = _criterion_ids(versions)
        self.checks: dict[str, tuple[str, ...]] = {
            leaf.meta.id: (leaf.meta.id, *_words(leaf)) for leaf in leaves(policy.criteria) if isinstance(leaf, Check)
        }

    def criterion(self, text: str) -> str | None:
        """The id of the criterion with this id or label; None where there is none, or several."""
        return self.criteria.get(plain(text))

    def places(self, header: Sequence[str], name: str) -> dict[str, str]:
        """The column of the file for each thing that the form knows (a check is ``?`` and its id).

        Raises:
            UnreadableFile: no column names the subject, none has an outcome, answer or follow-up, or two columns are for one thing.
        """
        column_of: dict[str, str] = {}
        words_of = {**self.columns, **{f"?{check}": words for check, words in self.checks.items()}}
        for what, words in words_of.items():
            plain_words = {plain(word) for word in words}
            columns = [column for column in dict.fromkeys(header) if plain(column) in plain_words]
            if len(columns) > 1:
                raise unreadable(
                    name, f"有几列说的是同一件事：{comma_list(columns)}", f"has several columns for one thing: {comma_list(columns)}"
                )
            if columns:
                column_of[what] = columns[0]
        if not column_of.keys() & {"number", "token"}:
            zh, en = "、".join([TOKEN.zh, *self.columns["number"][:1]]), " or ".join([TOKEN.en, *self.columns["number"][1:2]])
            raise unreadable(name, f"没有说明是谁的列；应有 {zh}", f"has no column that says who it is; expected {en}")
        if not any(what in ("outcome", *ITEMS) or what.startswith("?") for what in column_of):
            near = suggestion("outcome", header)
            zh = f"没有“反馈”列，也没有核实项、备注、再联系日期或分派的列。{near.zh}"
            en = "has no column `outcome`, none of a check, and none of a note, a day to call again or a person assigned"
            raise unreadable(name, zh, en + (f".{near.en}" if near.en else ""))
        return column_of


def _criterion_ids(versions: Sequence[Policy]) -> dict[str, str]:
    """The ids of criteria by id and word, of the newest version that has the word; no entry where several have it."""
    id_of: dict[str, str] = {}
    for policy in versions:
        words: dict[str, set[str]] = {}
        for leaf in leaves(policy.criteria):
            for word in _words(leaf):
                words.setdefault(plain(word), set()).add(leaf.meta.id)
        for word, of in words.items():
            id_of.pop(word, None)
            if len(of) == 1:
                id_of[word] = next(iter(of))
        id_of |= {plain(leaf.meta.id): leaf.meta.id for leaf in leaves(policy.criteria)}
    return id_of


def _words(leaf: Leaf) -> list[str]:
    """The names of a criterion: its label, and the question of a check."""
    texts = [leaf.meta.label, leaf.text if isinstance(leaf, Check) else None]
    return [word for text in texts if text is not None for word in (text.zh, text.en)]
