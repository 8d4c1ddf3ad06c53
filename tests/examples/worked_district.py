"""A district after the demonstration whose lists agencies have worked for six weeks: outcomes of every kind, some coverage anew, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from console.demo.statements import deliver_statements
from infra.workspace.workspace import Workspace
from policies.language.tree import leaves
from services.deliveries.delivery import deliver
from services.lists.outcome_reports import OutcomeMessages
from services.state.as_of import materialized_list
from streams.language.messages import Tick
from tests.console.command import run_command

if TYPE_CHECKING:
    from streams.host import Host

RESIDENTS = 20_000
WAVES, DAYS_OF_A_WAVE = 5, 9
OUTCOMES = ("enrolled", "contacted", "not_eligible", "enrolled", "declined", "unreachable", "already_receiving", "deceased")
DECLARED_ANEW = ("hukou", "income", "social_assistance", "relocation", "elderly_allowance", "dwelling", "household")
GRADES = 40
"""Residents with a valid certificate of disability, ten of each grade."""


def build_worked_district(folder: Path) -> None:
    """Writes the workspace ``w`` into the folder."""
    root = folder / "w"
    result = run_command("demo", "--residents", RESIDENTS, "--keep", root, "--json", env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    workspace = Workspace.open(root)
    with workspace.writing() as host:
        _certify(workspace, host)
        waves = list(_outcomes(host))
        for wave in range(WAVES):
            host.submit(Tick(host.state.day + timedelta(days=DAYS_OF_A_WAVE)))
            messages = {name: OutcomeMessages(host.state, name) for name in host.state.policies}
            for policy, subject, outcome, criterion, back in waves[wave::WAVES]:
                host.submit(messages[policy].message(subject, outcome, host.state.day - timedelta(days=back), "王芳", criterion))
        day = host.state.day - timedelta(days=1)
        for feed in DECLARED_ANEW:
            unit = host.state.catalogue.feeds[feed].sources[0].unit
            deliver_statements(workspace, host, root / "files", feed, unit, ["310107"], day)
        host.write_checkpoint()


def _certify(workspace: Workspace, host: Host) -> None:
    lines = (workspace.root / "files" / "opening" / "hukou.csv").read_text(encoding="gb18030").splitlines()
    numbers = list(dict.fromkeys(line.partition(",")[0] for line in lines[10:]))[:GRADES]
    rows = [f"C{place},{number},{place % 4 + 1},肢体,有效,2020-05-01,,2026-01-01\n" for place, number in enumerate(numbers)]
    path = workspace.root / "files" / "disability.csv"
    header = "certificate_no,id_number,grade,kind,status,issued_on,valid_until,changed_at\n"
    path.write_text(header + "".join(rows), encoding="gb18030")
    deliver(workspace, host, "disability", 0, path, host.state.day, False)


def _outcomes(host: Host) -> Iterator[tuple[str, int, str, str | None, int]]:
    """Policy, subject, outcome, wrong criterion and days before the report, of two candidates in three."""
    for name in sorted(host.state.policies):
        criteria = sorted({leaf.meta.id for leaf in leaves(host.state.policies[name].criteria)})
        for place, candidate in enumerate(materialized_list(host.state, name)):
            if place % 3:
                outcome = OUTCOMES[place % len(OUTCOMES)]
                yield name, candidate.subject, outcome, criteria[place % len(criteria)] if outcome == "not_eligible" else None, place % 5


TODAY = date(2026, 12, 30)
"""The day of the district."""
