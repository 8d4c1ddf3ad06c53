"""What the criteria of a rule are called.

What a criterion tests is written by ``console.text.clauses``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.language.tree import Check, Node, nodes
from policies.values import Text

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy

EXCEPT = Text("除外：", "unless: ")
"""In front of the exception of a rule."""


def heading(node: Node, language: str) -> str:
    """What a node is called: its label; '' where it has none."""
    return node.meta.label[language] if node.meta.label else ""


def criterion_name(node: Node, policy: Policy, catalogue: Catalogue) -> Text:
    """What a criterion of a version is called in a sentence: its label; where it has none, what it asks or tests."""
    from console.text.clauses import Clauses

    if node.meta.label is not None:
        return node.meta.label
    if isinstance(node, Check):
        return node.text
    zh, en = (Clauses(catalogue, language, policy.params).clause(node) for language in ("zh", "en"))
    return Text(zh, en)


def labels(policy: Policy, catalogue: Catalogue) -> dict[str, Text]:
    """What the criteria of a version are called, by id."""
    return {node.meta.id: criterion_name(node, policy, catalogue) for node in nodes(policy.criteria, sets=False)}
