"""The library shipped with Huimin: units, feeds and policies to start from.

A new workspace takes copies, so that people change their own files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.workspace import Workspace
from streams.disk.files import write_whole

if TYPE_CHECKING:
    from policies.language.catalogue import Catalogue

LIBRARY = "library"
EMPTY_UNITS = """\
# The network: who takes part, where, and whom to ask. 本网络的单位：谁参加、在哪里、问谁。
format: 1
units:
"""


def library() -> Path:
    """The folder of the policies, feeds and units shipped as examples."""
    import policies

    return Path(next(iter(policies.__path__))) / LIBRARY


def copy_library(workspace: Workspace) -> Mapping[str, int]:
    """Copy the library's feeds and policies into a workspace; returns the number of each."""
    counts = {}
    for name in ("feeds", "policies"):
        files = sorted((library() / name).glob("*.yaml"))
        for file in files:
            write_whole(workspace.folder(name) / file.name, file.read_bytes())
        counts[name] = len(files)
    return counts


def example_units() -> str:
    """The library's units document."""
    return (library() / "units.yaml").read_text(encoding="utf-8")


def library_catalogue() -> Catalogue:
    """The catalogue of the library's units and feeds."""
    from connectors.contracts.catalogue import read_catalogue

    feeds = {f"feeds/{path.name}": path.read_text(encoding="utf-8") for path in sorted((library() / "feeds").glob("*.yaml"))}
    return read_catalogue(example_units(), feeds)
