"""Steps 8 to 10 of the demonstration: a day of changes, a late statement, a month of days."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from console.demo import steps
from console.text.words import CHANGES, STATUSES, number, token
from policies.values import Text

if TYPE_CHECKING:
    from console.demo.steps import Tour
    from streams.host import Host
    from streams.language.messages import CandidateChange


def next_day(tour: Tour, host: Host) -> None:
    """Friday: enrolments, corrected incomes, people moving out, new notices."""
    from console.demo.deliveries import next_day as files_of
    from streams.language.messages import Tick

    files = files_of(tour.frames, tour.files / "day", tour.seed, tour.today, tour.formats)
    changes = list(host.submit(Tick(tour.today + timedelta(days=1))).changes)
    changes += steps.ingest(
        tour,
        host,
        files,
        8,
        Text("第二天：新参保、收入更正、搬离、新通知", "The next day: enrolments, corrected incomes, moves, new notices"),
    )
    steps.show_changes(tour, host, changes)
    tour.facts["day_changes"] = len(changes)


def late_statement(tour: Tour, host: Host) -> None:
    """The insurance centre states its coverage of Taopu: candidates there no longer need evidence."""
    from console.demo.statements import deliver_statements

    tour.step(9, Text("医保中心补上桃浦镇的声明", "The insurance centre declares Taopu"))
    changes = deliver_statements(
        tour.workspace, host, tour.files, "medical_insurance", "putuo-medical-insurance", [steps.LATE_STREET], tour.today
    )
    steps.show_changes(tour, host, changes)
    tour.facts["coverage_changes"] = len(changes)


def month(tour: Tour, host: Host) -> None:
    """Thirty days: the insurance centre states its coverage every five days; birthdays and old notices move the rest."""
    from console.demo.people import DISTRICT
    from console.demo.statements import deliver_statements
    from services.state.as_of import core
    from streams.language.messages import Tick

    tour.step(10, Text(f"{steps.DAYS} 天过去：只重新判断到期的人", f"{steps.DAYS} days pass: only those who are due are judged again"))
    changes: list[CandidateChange] = []
    due, start = 0, time.perf_counter()
    with tour.screen.progress(Text("逐日判断", "Day by day"), steps.DAYS) as advance:
        for ahead in range(2, steps.DAYS + 2):
            day = tour.today + timedelta(days=ahead)
            if ahead % steps.RESTATED_EVERY == 0:
                changes += deliver_statements(
                    tour.workspace, host, tour.files, "medical_insurance", "putuo-medical-insurance", [DISTRICT], day - timedelta(days=1)
                )
            if ahead in (12, 24):
                for feed, unit in (("hukou", "putuo-psb"), ("relocation", "putuo-housing"), ("occupancy", "putuo-housing")):
                    changes += deliver_statements(tour.workspace, host, tour.files, feed, unit, [DISTRICT], day - timedelta(days=1))
            changes += host.submit(Tick(day)).changes
            due += core(host.state).due
            advance(1)
    steps.show_changes(tour, host, changes)
    seconds = time.perf_counter() - start
    tour.screen.say(Text(f"重新判断 {number(due)} 次，{seconds:.1f} 秒。", f"{number(due)} judged again, in {seconds:.1f} s."))
    _some_reasons(tour, host, changes)
    tour.facts.update(month_changes=len(changes), month_judged=due)


def _some_reasons(tour: Tour, host: Host, changes: Iterable[CandidateChange]) -> None:
    """Print one example for each policy and change that a day caused: the day, and the reason."""
    from services.state.as_of import core

    shown_moves: set[tuple[str, str]] = set()
    language = tour.screen.language
    for change in changes:
        key = (change.policy, change.change)
        if change.cause.kind != "day" or change.change == "changed" or key in shown_moves:
            continue
        shown_moves.add(key)
        verdict = core(host.state).verdict(change.policy, change.subject)
        if verdict.verdict is not None:
            from console.text.criteria import labels

            names = labels(host.state.policies[change.policy], host.state.catalogue)
            failed = "、".join(names[criterion][language] if criterion in names else criterion for criterion in verdict.failed)
            now = STATUSES[verdict.status]
            why = Text(f"不再满足 {failed}", f"no longer: {failed}") if failed else now
            moved = f"{change.day} {token(change.subject)}"
            word = CHANGES[change.change]
            title = host.state.policies[change.policy].title
            line = Text(f"{moved} {word.zh} {title.zh}：{why.zh}", f"{moved} {word.en} {title.en}: {why.en}")
            tour.screen.say(line, "dim")
