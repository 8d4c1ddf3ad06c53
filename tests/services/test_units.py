"""Units listed and added."""

from __future__ import annotations

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import Invalid
from services.units import AddedUnit, add_unit, units


def test_a_unit_that_is_added_is_listed_last(example: Workspace) -> None:
    """Whatever stands in its texts is text and no YAML; the document's comments stay."""
    document = example.root / "units.yaml"
    document.write_text("# who takes part\n" + document.read_text(encoding="utf-8"), encoding="utf-8")
    before = units(example)

    added = add_unit(example, "new-unit", "member", "310107", '新"单位: {', "New: unit", {"phone": "021-1"})

    assert added == AddedUnit("new-unit")
    *others, new = units(example)
    assert others == before and (new.id, new.title.zh, dict(new.contact)) == ("new-unit", '新"单位: {', {"phone": "021-1"})
    assert document.read_text(encoding="utf-8").startswith("# who takes part\n")


def test_a_unit_that_cannot_be_leaves_the_document(example: Workspace) -> None:
    """One of that id is there; the division is none."""
    before, existing_id = (example.root / "units.yaml").read_bytes(), units(example)[0].id

    for id, division in ((existing_id, "310107"), ("new-unit", "Putuo")):
        with pytest.raises(Invalid):
            add_unit(example, id, "member", division, "新", "New", {})

    assert (example.root / "units.yaml").read_bytes() == before
