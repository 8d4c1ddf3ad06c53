"""The reference on the rules pages: every example is valid and reads as the page says, and every key of a policy is there."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from console.text.clauses import Clauses
from console.text.rule_differences import TERMS, terms
from infra.workspace.library import library_catalogue
from policies.checking.checker import check
from policies.language import models
from policies.language.catalogue import Catalogue
from policies.language.shapes import SHAPES
from policies.language.tree import Policy
from policies.yaml.document import Document, load
from tests.docs.pages import ROOT

LANGUAGES = ("zh", "en")
PAGES = {language: (ROOT / "docs" / language / "rules.md").read_text(encoding="utf-8") for language in LANGUAGES}
HEADS = {"zh": "## 参考", "en": "## Reference"}
REFERENCE = {language: PAGES[language].split(f"\n{HEADS[language]}\n")[1].split("\n## ")[0] for language in LANGUAGES}
HEAD = {
    "format": 1, "policy": "example", "version": 1, "direction": "benefit", "scope": {"division": "310107"}, "agency": "putuo-civil-affairs",
    "title": {"zh": "例", "en": "example"}, "source": {"document": "例", "issuer": "例"}, "purpose": "assistance", "effective": {"from": "2026-10-01"},
}  # fmt: skip
"""The head of the policy in which every example stands."""
ROWS = {language: re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", REFERENCE[language], re.MULTILINE) for language in LANGUAGES}


def yaml_value(text: str) -> Any:
    """A piece of YAML as the checker reads it: amounts exactly."""
    return load(text, "example").data


@cache
def catalogue() -> Catalogue:
    return library_catalogue()


def common_parts(language: str) -> dict[str, Any]:
    """The parameters and definitions that the examples use: the first block of the reference."""
    return yaml_value(re.findall(r"^```yaml\n(.*?)^```$", REFERENCE[language], re.MULTILINE | re.DOTALL)[0])  # type: ignore[no-any-return]


def policy(example: dict[str, Any], language: str) -> Policy:
    """The example as a policy about the first kind of subject for which it is valid."""
    whole = example if "criteria" in example or set(example) & set(models.PolicyModel.model_fields) else {"criteria": example}
    evidence = {feed: {"max_age": "P30D"} for feed in catalogue().feeds}
    parts_used = common_parts(language) if "use" in str(example) else {"params": common_parts(language)["params"]}
    problems: list[object] = []
    for subject in ("person", "household", "dwelling"):
        head = {
            **HEAD,
            "evidence": evidence,
            **parts_used,
            "subject": subject,
            "criteria": {"field": "division", "op": "within", "value": "310107"},
            **whole,
        }
        result = check(Document(head, "example"), catalogue())
        if result.policy is not None:
            return result.policy
        problems += result.problems
    raise AssertionError(f"{example}: {problems}")


def phrase(example: dict[str, Any], language: str) -> str:
    """The words of ``huimin policy show`` for the example: a criterion, or a part of the head of a policy."""
    read = policy(example, language)
    clauses = Clauses(catalogue(), language, read.params)
    if "criteria" in example or not set(example) & set(models.PolicyModel.model_fields):
        return clauses.clause(read.criteria)
    beginnings = [TERMS[term][language] for term in TERMS if {term, term.split(".")[0].split("_")[0]} & set(example)]
    return {"zh": "；", "en": "; "}[language].join(line for line in terms(read, clauses) if line.startswith(tuple(beginnings)))


PLACES = {
    "PolicyModel": "", "Scope": "scope.", "BothTexts": "title.", "Source": "source.", "Effective": "effective.", "Evidence": "evidence.FEED.",
    "Bounds": "bounds.", "Param": "params.NAME.", "ParamEntry": "params.NAME.values[].", "ParamRef": "value.",
}  # fmt: skip
"""Where each part of a policy stands; a criterion may stand anywhere below ``criteria``."""


def keys() -> list[tuple[str, str, str]]:
    """Every key of a policy document and of a criterion, with its sentence in Chinese and in English."""
    parts = {
        name: part
        for name, part in inspect.getmembers(models, inspect.isclass)
        if issubclass(part, models.Part) and part is not models.Part
    }
    assert set(parts) == set(PLACES)
    places = [(PLACES[name], parts[name]) for name in PLACES] + [("", shape) for shape in SHAPES]
    keys = []
    for place, model in places:
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            assert isinstance(extra, dict) and field.description is not None
            keys.append((place + (field.alias or name), str(extra["x-zh"]), field.description))
    return list(dict.fromkeys(keys))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_is_right_and_reads_as_the_page_says(language: str) -> None:
    """Each page shows how every example reads in both languages."""
    wrong = [
        (example, expected, read)
        for example, *phrases in ROWS[language]
        for expected, read in zip(phrases, (phrase(yaml_value(example), each_language) for each_language in LANGUAGES), strict=True)
        if expected != read
    ]

    assert len(ROWS[language]) > 40
    assert wrong == []


def test_both_pages_have_the_same_examples() -> None:
    assert ROWS["zh"] == ROWS["en"]
    assert common_parts("zh") == common_parts("en")


@pytest.mark.parametrize(("key", "zh", "en"), keys(), ids=lambda part: str(part))
def test_every_key_is_on_the_page(key: str, zh: str, en: str) -> None:
    """With its sentence from the schema."""
    assert f"| `{key}` | {zh} |" in REFERENCE["zh"]
    assert f"| `{key}` | {en} |" in REFERENCE["en"]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_construct_has_an_example(shape: type) -> None:
    """The examples use every shape of a criterion, with each of its own keys."""
    own = {field.alias or name for name, field in shape.model_fields.items()} - {"id", "cite", "label", "papers"}  # type: ignore[attr-defined]
    keys_used = {key for example, *_ in ROWS["en"] for node in nodes(yaml_value(example)) if has_shape(node, shape) for key in node}

    assert own - keys_used == set()


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every mapping in an example."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(part)


def has_shape(node: dict[str, Any], shape: type) -> bool:
    """Whether a node has this shape."""
    try:
        shape.model_validate(node)  # type: ignore[attr-defined]
    except ValueError:
        return False
    return True
