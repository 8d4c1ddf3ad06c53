"""The preview of a draft, asked of the service: its last line is what publishing brings."""

from __future__ import annotations

from pathlib import Path

from infra.workspace.workspace import Workspace
from policies.checking.checker import check
from policies.language.tree import Policy
from policies.yaml.document import load
from services.policies.preview import preview, preview_file
from services.policies.publication import Draft, publish_policy
from services.results import plain
from tests.streams.calendar import ELDERLY, SECOND_VERSION_START, START, world
from tests.streams.world import catalogue, policy_text, publication


def draft(folder: Path, version: int, age: int) -> Path:
    file = folder / f"{version}.yaml"
    file.write_text(publication(ELDERLY, version, ("value: 70", f"value: {age}"), start=START).text, encoding="utf-8")
    return file


def test_the_funnel_narrows_to_the_list(workspace: Workspace, tmp_path: Path) -> None:
    """Each line has at most as many as the one before it; the last one has those who are listed."""
    result = preview_file(workspace, draft(tmp_path, 3, 60), None)

    assert result.funnel[0].criterion == "age70"
    passing = [result.in_scope, *(stage.yes + stage.unknown for stage in result.funnel)]
    assert passing == sorted(passing, reverse=True) and passing[-1] == result.listed > 0
    assert sum(line.count for line in result.streets) == result.listed
    assert {line.division for line in result.streets} == {"310107020"}


def test_it_is_beside_the_version_in_force(workspace: Workspace, tmp_path: Path) -> None:
    """Who would enter then does; on a later day the version in force is the other one, which lists them already."""
    file = draft(tmp_path, 3, 60)
    result, later = preview_file(workspace, file, None), preview_file(workspace, file, SECOND_VERSION_START)
    assert result.difference is not None and later.difference is not None

    with workspace.writing() as host:
        policy = result.definition
        changes = publish_policy(host, Draft(policy, file.read_text(encoding="utf-8")), "甲", "乙").changes

    assert (result.difference.old.version, later.difference.old.version) == (1, 2)
    assert result.entered == sum(change.change == "entered" for change in changes) > later.entered == 0
    assert result.left == 0 and result.definition.version == 3


def checked_policy(name: str, version: int = 1) -> Policy:
    policy = check(load(policy_text(name, version), name), catalogue()).policy
    assert policy is not None
    return policy


def test_feeds_without_records_are_named() -> None:
    """Those of which nothing was delivered; those that leave most of the list without evidence."""
    state = world()

    rental, elderly = preview(state, checked_policy("group-rental")), preview(state, checked_policy(ELDERLY, 3))

    assert (rental.listed, rental.streets, rental.difference) == (0, [], None) and "occupancy" in rental.undelivered
    assert elderly.undelivered == ["pension"] and elderly.sparse == []
    assert plain(elderly, "zh")["funnel"][0].keys() == {"criterion", "cite", "yes", "unknown"}
