"""ARCHITECTURE.md names the existing folders in their order of import, and only paths that exist."""

from __future__ import annotations

import re

from tests.docs.modules import PACKAGES, PROJECT
from tests.docs.pages import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
BOXES = re.findall(r'^ +([a-z]+)\["<b>[^<]*</b>[^<]*<br/>([^"]*)"', PAGE, re.MULTILINE)
DRAWN = [(layer, folder) for layer, folders in BOXES for folder in folders.split(" · ")]
CONTRACTS = {
    contract["containers"][0]: contract["layers"] for contract in PROJECT["tool"]["importlinter"]["contracts"] if "containers" in contract
}


def test_the_picture_names_exactly_the_folders_there_are() -> None:
    """The picture names every directory below a layer that holds a file of the project."""
    folders = {(layer, path.name) for layer in PACKAGES for path in (ROOT / layer).iterdir()
            if path.is_dir() and any("__pycache__" not in file.parts for file in path.rglob("*") if file.is_file())}  # fmt: skip

    assert set(DRAWN) == folders
    assert len(DRAWN) == len(folders)


def test_the_picture_has_the_order_of_the_contracts() -> None:
    """Layers stand from the top down, and in each layer its folders in the order of the import contracts."""
    assert [layer for layer, _ in BOXES] == PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    for layer, levels in CONTRACTS.items():
        rank = {name.strip(): place for place, level in enumerate(levels) for name in level.split("|")}
        places = [rank[folder] for owner, folder in DRAWN if owner == layer and folder in rank]
        assert places == sorted(places), layer


def test_every_path_it_names_is_there() -> None:
    """Every word in backticks with a slash is a path of the project."""
    paths = set(re.findall(r"`([\w.]+/[\w./]+)`", PAGE))

    assert {path for path in paths if not (ROOT / path).exists()} == set()
