"""The names of the criteria of a rule.

``console.text.clauses`` writes what a criterion tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.language.tree import Check, Node, nodes
from policies.values import Text

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy

EXCEPT = Text("除外：", "unless: ")
"""Stands in front of the exception of a rule."""


def heading(node: Node, language: str) -> str:
    """The label of a node; '' where it has none."""
    return node.meta.label[language] if node.meta.label else ""


def criterion_name(node: Node, policy: Policy, catalogue: Catalogue) -> Text:
    """The name of a criterion in a sentence: its label, or else what it asks or tests."""
    from console.text.clauses import Clauses

    if node.meta.label is not None:
        return node.meta.label
    if isinstance(node, Check):
        return node.text
    zh, en = (Clauses(catalogue, language, policy.params).clause(node) for language in ("zh", "en"))
    return Text(zh, en)


def labels(policy: Policy, catalogue: Catalogue) -> dict[str, Text]:
    """The names of a version's criteria, by id."""
    return {node.meta.id: criterion_name(node, policy, catalogue) for node in nodes(policy.criteria, sets=False)}
