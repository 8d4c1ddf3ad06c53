"""Steps 5 to 7 of the demonstration: policies are published, three lists are shown, and two candidates are explained."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from console.text.words import STATUSES, number, street, token
from policies.values import Text

if TYPE_CHECKING:
    from console.demo.steps import Tour
    from streams.host import Host

POLICIES = ("elderly-uninsured", "relocation-hardship", "group-rental", "dibao", "elderly-allowance")
LISTS = ("elderly-uninsured", "relocation-hardship", "group-rental")


def publish(tour: Tour, host: Host) -> None:
    """Publish five policies; print how many candidates each has, and how long it takes."""
    from streams.language.messages import PolicyPublished

    tour.step(5, Text("发布五份政策：一人发布，另一人批准", "Five policies are published: one person publishes, another approves"))
    rows = []
    tour.facts["lists"] = {}
    for name in POLICIES:
        from services.lookup import readable_policy

        path = tour.workspace.folder("policies") / f"{name}.yaml"
        policy = readable_policy(path, host.state.catalogue)
        start = time.perf_counter()
        changes = host.submit(
            PolicyPublished(name, policy.version, path.read_text(encoding="utf-8"), policy.digest, "王芳", "李强")
        ).changes
        seconds = time.perf_counter() - start
        of_status = Counter(change.status for change in changes)
        tour.facts["lists"][name] = {str(status): count for status, count in of_status.items()}
        rows.append(
            [
                policy.title[tour.screen.language],
                *(number(of_status[s]) if of_status[s] else "" for s in STATUSES if s),
                f"{seconds:.2f} s",
            ]
        )
    columns = [Text("政策", "policy"), *(text for s, text in STATUSES.items() if s), Text("用时", "time")]
    tour.screen.table(None, columns, rows, right=(1, 2, 3, 4))


def three_lists(tour: Tour, host: Host) -> None:
    """Print two candidates of every status of each list, and the counts by street."""
    from console.text.candidates import COLUMNS, candidate_rows
    from services.lists.candidates import listed_candidates
    from services.state.as_of import materialized_list

    tour.step(6, Text("三份名单", "Three lists"))
    for name in LISTS:
        candidates = materialized_list(host.state, name)
        by_street = Counter(c.division for c in candidates)
        some, policy = list(listed_candidates(host.state, name, some_of_each(candidates), still=False)), host.state.policies[name]
        tour.screen.table(policy.title, COLUMNS, candidate_rows(some, policy, host.state.catalogue, tour.screen.language))
        names = host.state.catalogue.divisions
        places = "  ".join(f"{street(place, names, tour.screen.language)} {number(count)}" for place, count in by_street.most_common(10))
        tour.screen.say(Text(f"共 {number(len(candidates))}：{places}", f"{number(len(candidates))} in all: {places}"), "dim")


def some_of_each(candidates: Any) -> list[Any]:
    """The first two candidates of every status."""
    counts: Counter[str | None] = Counter()
    some = []
    for candidate in candidates:
        if counts[candidate.status] < 2:
            some.append(candidate)
        counts[candidate.status] += 1
    return some


def two_explanations(tour: Tour, host: Host) -> None:
    """Explain a person who needs evidence, and a household to be checked."""
    from console.text.explanations import explanation_in_words
    from services.lists.explanations import explanation
    from services.state.as_of import materialized_list

    tour.step(7, Text("为什么？两个解释", "Why? Two explanations"))
    for name, status in (("elderly-uninsured", "needs_evidence"), ("relocation-hardship", "to_check")):
        candidate = next((c for c in materialized_list(host.state, name) if c.status == status), None)
        if candidate is not None:
            line = f"$ huimin explain {name} {token(candidate.subject)}"
            tour.screen.say(Text(line, line), "dim")
            tour.explain(explanation_in_words(explanation(host.state, name, candidate.subject)))
