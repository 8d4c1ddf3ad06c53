"""Checked policies and catalogues come back from JSON as they were."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random

import pytest

from policies.checking.checker import check
from policies.language import serial
from tests.matchers.network import random_valid_policy
from tests.policies.library import catalogue, documents


def test_the_library_comes_back() -> None:
    """Every example policy and the catalogue, through the text of JSON."""
    whole = [catalogue(), *(check(document, catalogue()).policy for document in documents().values())]

    for value in whole:
        assert serial.from_json(json.loads(json.dumps(serial.to_json(value)))) == value


def test_random_policies_come_back() -> None:
    """Every kind of node and value the language has."""
    classes = set[str]()
    for seed in range(200):
        _, policy = random_valid_policy(Random(seed), 8)
        text = json.dumps(serial.to_json(policy))
        classes |= {name for name in serial.CLASSES if f'["{name}"' in text}

        assert serial.from_json(json.loads(text)) == policy
    assert classes >= {
        "All",
        "AnyOf",
        "NoneOf",
        "Unless",
        "Compare",
        "Age",
        "DateTest",
        "Quantifier",
        "Sum",
        "Check",
        "ParamValue",
        "Literals",
        "Step",
    }


def test_what_has_no_exact_form_is_refused() -> None:
    """Rather than kept otherwise than it was."""
    assert serial.from_json(serial.to_json({"a": [Decimal("1.50")]})) == {"a": [Decimal("1.50")]}
    with pytest.raises(TypeError, match="set"):
        serial.to_json({"a": {1}})
