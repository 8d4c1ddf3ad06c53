"""``huimin forecast POLICY``: who will enter, leave or change in the next days if no record arrives, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from console.text.forecasts import DayGrouping
from policies.values import Text

LONGEST = 3660
"""Days one may look ahead: ten years."""

Policy = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Days = Annotated[int, typer.Option("--days", min=1, max=LONGEST, help=both("往后看多少天", "how many days to look ahead"))]
Period = Annotated[
    DayGrouping,
    typer.Option(
        "--by", help=both("表中按 day、week 或 month 合计（--json 总是按日）", "rows by day, week or month (--json is always by day)")
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "forecast",
        help=verb(
            "往后看：若没有新记录，今后若干天谁会进入、离开或变化，因哪一条，分街镇。不改动任何数据。",
            "Look ahead: who will enter, leave or change in the next days if no record arrives; by criterion and street. Changes nothing.",
            "huimin forecast elderly-uninsured --days 30",
            "huimin forecast dibao --days 90 --by week --json",
        ),
    )(forecast)


def forecast(context: typer.Context, policy: Policy, days: Days = 30, by: Period = DayGrouping.MONTH) -> None:
    from console.text.forecasts import COLUMNS, headline, rows, total, turn_words
    from services.policies.forecast import forecast_policy

    session = session_of(context)
    workspace = session.workspace()
    with session.progress(Text("一天一天往后推", "Passing the days")):
        ahead = forecast_policy(workspace, policy, days)
    if session.print_json(ahead):
        return
    session.say(headline(ahead), "bold")
    for turn in ahead.turns:
        session.say(turn_words(turn, ahead.catalogue), "dim")
    if ahead.rows:
        session.table(None, COLUMNS, rows(ahead, session.language, by), right=(4,))
    session.say(total(ahead), "bold")
