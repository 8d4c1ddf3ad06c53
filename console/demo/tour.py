"""``huimin demo``: from records to lists that stay true, in ten steps, on a made-up district.

Every step uses the real code: files, contracts, the state on disk and its steps. Only the people are made up.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from console.demo.screen import DemoFigures, Screen
from console.demo.steps import LATE_STREET, Tour, ingest
from console.text.words import number
from policies.values import Text
from streams.disk.files import write_whole

if TYPE_CHECKING:
    from console.demo.deliveries import DeliveryFile
    from console.text.explanations import ExplanationInWords
    from infra.workspace.workspace import Workspace
    from streams.host import Host


def tour(
    screen: Screen, explain: Callable[[ExplanationInWords], None], residents: int, seed: int, keep: Path | None, workers: int = 0
) -> None:  # fmt: skip
    """Run the whole demonstration; with workers, on a Kafka cluster of its own.

    Args:
        keep: the folder of the workspace; without it, the workspace is deleted at the end.
    """
    from console.demo.district import TODAY
    from console.demo.network import network, same_lists
    from infra.workspace.library import copy_library, example_units
    from infra.workspace.workspace import Workspace
    from streams.network.network_host import NetworkHost

    place: AbstractContextManager[str] = tempfile.TemporaryDirectory(prefix="huimin-demo-") if keep is None else nullcontext(str(keep))
    with place as folder:
        workspace = Workspace.create(Path(folder) / "workspace" if keep is None else keep, example_units())
        copy_library(workspace)
        _plain_sheets(workspace)
        demo_tour = Tour(screen, explain, workspace, workspace.root / "files", residents, seed, TODAY)
        with network(demo_tour, Path(folder), workers) if workers else nullcontext(workspace) as place_of_work:
            demo_tour.workspace = place_of_work
            _generate(demo_tour)
            with place_of_work.writing() as host:
                _run(demo_tour, host)
                if isinstance(host, NetworkHost):
                    same_lists(demo_tour, host, workers)
        seconds = time.perf_counter() - demo_tour.started
        if not screen.print_json(DemoFigures(**demo_tour.facts, seconds=round(seconds, 1))):
            _farewell(screen, keep, seconds)


def _plain_sheets(workspace: Workspace) -> None:
    """Make occupancy CSV: writing its spreadsheet would take longer than all else together."""
    contract = workspace.folder("feeds") / "occupancy.yaml"
    write_whole(contract, contract.read_text(encoding="utf-8").replace("format: xlsx", "format: csv, encoding: utf-8"))


def _generate(tour: Tour) -> None:
    from console.demo.deliveries import opening
    from console.demo.district import district

    count = number(tour.residents)
    tour.step(1, Text(f"虚构的普陀区：{count} 位居民，八个单位的文件", f"A made-up Putuo: {count} residents, the files of eight units"))
    with tour.screen.progress(Text("生成居民、家庭、住房", "Making residents, households, dwellings")):
        tour.frames = dict(district(tour.residents, tour.seed, tour.today))
        files = opening(tour.frames, tour.files / "opening", tour.seed, tour.formats)
    tour.facts["files"] = len(files)
    columns = [Text("文件", "file"), Text("单位", "unit"), Text("行数", "rows"), Text("特点", "note")]
    units = tour.workspace.catalogue().units
    language = tour.screen.language
    tour.screen.table(
        None, columns, ([f.path.name, units[f.unit].title[language], number(f.rows), f.note[language]] for f in files), right=(2,)
    )
    tour.facts["opening"] = files


def _run(tour: Tour, host: Host) -> None:
    from console.demo import lists, month
    from streams.language.messages import Tick

    files: list[DeliveryFile] = tour.facts.pop("opening")
    _warn_of_compiling(tour)
    host.submit(Tick(tour.today))
    _needs(tour)
    ingest(tour, host, files, 3, Text("各单位交付，惠民接收", "The units deliver, Huimin takes in"))
    _cover(tour, host)
    lists.publish(tour, host)
    lists.three_lists(tour, host)
    lists.two_explanations(tour, host)
    month.next_day(tour, host)
    month.late_statement(tour, host)
    month.month(tour, host)


def _warn_of_compiling(tour: Tour) -> None:
    """Warn on the first run after an installation, for compiling the kernels takes about a minute."""
    import matchers

    if "NUMBA_CACHE_DIR" not in tour.screen.environment and not any(Path(matchers.__path__[0]).glob("__pycache__/kernels*.nbi")):
        tour.screen.say(
            Text("首次运行要编译计算内核，约一分钟，以后不再需要。", "The first run compiles the kernels: about a minute, this once."),
            "dim",
        )


def _needs(tour: Tour) -> None:
    """Print which records a draft needs from which unit."""
    from console.demo.district import TODAY
    from console.text.needs import NEED_COLUMNS, need_row
    from services.lookup import readable_policy
    from services.policies.needs import unit_needs

    tour.step(2, Text("只凭政策草案：需要谁的哪些记录", "From the drafts alone: whose records will be needed"))
    catalogue = tour.workspace.catalogue()
    policy = readable_policy(tour.workspace.folder("policies") / "elderly-uninsured.yaml", catalogue)
    needs = unit_needs(policy, catalogue, None)
    tour.screen.say(Text(f"{policy.title.zh}（{TODAY} 起草）", f"{policy.title.en} (draft of {TODAY})"), "bold")
    tour.screen.table(None, NEED_COLUMNS[:5], (need_row(need, catalogue, tour.screen.language)[:5] for need in needs))


def _cover(tour: Tour, host: Host) -> None:
    """Take in the statements of all units but Yichuan Road; that of the insurance centre leaves out Taopu."""
    from console.demo.people import DISTRICT, STREETS
    from console.demo.statements import deliver_statements

    tour.step(4, Text("各单位声明：到这一天，我们的记录是完整的", "The units declare: up to this day we hold every record"))
    count = 0
    for feed in host.state.catalogue.feeds.values():
        if feed.name not in tour.frames:
            continue
        places = [place for place in STREETS if place != LATE_STREET] if feed.name == "medical_insurance" else [DISTRICT]
        deliver_statements(tour.workspace, host, tour.files, feed.name, feed.sources[0].unit, places, tour.today - timedelta(days=1))
        count += len(places)
    tour.screen.say(
        Text(
            f"{count} 份声明。医保中心还没有声明桃浦镇；宜川路街道从不声明：没有记录不等于没有。",
            f"{count} statements. The insurance centre has not declared Taopu yet, and Yichuan Road never does: no record is not a no.",
        )
    )


def _farewell(screen: Screen, keep: Path | None, seconds: float) -> None:
    screen.say(Text("", ""))
    screen.say(Text(f"全程 {seconds:.1f} 秒。", f"{seconds:.1f} s in all."), "bold")
    if keep is None:
        screen.say(
            Text(
                "想自己试试：huimin demo --keep putuo，然后 huimin candidates list elderly-uninsured --workspace putuo",
                "Try it yourself: huimin demo --keep putuo, then huimin candidates list elderly-uninsured --workspace putuo",
            )
        )
    else:
        screen.say(
            Text(
                f"工作区在 {keep}：试试 huimin candidates list elderly-uninsured --workspace {keep}",
                f"The workspace is {keep}: try huimin candidates list elderly-uninsured --workspace {keep}",
            )
        )
