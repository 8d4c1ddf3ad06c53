"""What sealing the vault costs: one delivery taken in and one list exported, each with a sealed vault and with one in the clear.

Both run in turns in the same process, and give the same names. ``benchmarks.run`` calls it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from benchmarks import world
from benchmarks.measure import Table, median
from connectors.contracts.catalogue import read_catalogue
from connectors.identity.segments import Segments
from connectors.identity.tokens import Tokens
from connectors.identity.vault import Vault
from connectors.intake.delivery import deliver
from connectors.lists.disclosures import Disclosure
from connectors.lists.exports import write_csv
from connectors.lists.lists import list_sheet
from policies.yaml.document import digest_of, load
from services.state.as_of import core
from streams.disk.files import write_whole
from streams.embedded.host import EmbeddedHost
from streams.language.messages import CatalogueSet, PolicyPublished, Tick
from streams.language.ports import Parts

TIMES = 5
MOST = 0.05
"""Of the time of a verb."""
T = TypeVar("T")
Took: TypeAlias = tuple[float, float]
"""Seconds, and seconds of processor."""


class Clear(Segments):
    """The same segments as they are, without seal or manifest."""

    def read(self, prefix: str, take: Callable[[str, bytes], T]) -> list[T]:
        files = sorted(path for path in self.folder.rglob("*.parquet") if str(path.relative_to(self.folder)).startswith(prefix))
        return [take(str(path.relative_to(self.folder).with_suffix("")), path.read_bytes()) for path in files]

    def write(self, name: str, data: bytes, instead_of: Sequence[str] = ()) -> None:
        write_whole(self.folder / f"{name}.parquet", data)

    def settle(self) -> None:
        """There is no manifest."""


def vault_in(folder: Path, sealed: bool) -> Vault:
    vault = Vault(folder, bytes(32))
    if not sealed:
        vault.store = Clear(folder, bytes(32))
    return vault


def vaults(table: Table, folder: Path, rows: int) -> None:
    """Intake and export with and without."""
    from console.demo.district import district

    library = world.library()
    contracts = {name: (library / "feeds" / f"{name}.yaml").read_text("utf-8") for name in world.FEEDS}
    path = folder / "register.csv"
    frame = district(rows, 3)["hukou"]
    path.write_bytes(frame.write_csv().encode("gb18030"))
    intake_times: dict[bool, list[Took]] = {True: [], False: []}
    export_times: dict[bool, list[Took]] = {True: [], False: []}
    lists: dict[bool, bytes] = {}
    for turn in range(TIMES + 1):
        for sealed in (True, False) if turn % 2 else (False, True):  # whichever is second finds warmer caches
            place = folder / f"{turn}-{sealed}"
            intake, export, lists[sealed] = _once(place, contracts, path, vault_in(place / "identity", sealed))
            if turn:  # the first warms everything up
                intake_times[sealed].append(intake)
                export_times[sealed].append(export)
    assert lists[True] == lists[False], "the same list"
    for what, seconds in (
        (f"a delivery of {len(frame):,} rows", intake_times),
        ("a list with names, from the state in memory to the CSV", export_times),
    ):
        (with_, busy), (without, busy_without) = (
            (median([took for took, _ in some]), median([cpu for _, cpu in some])) for some in (seconds[True], seconds[False])
        )
        table.add(
            f"sealed vault: {what}", f"{1e3 * with_:.0f} ms", f"≤ {1 + MOST:.2f} × in the clear", is_met=with_ <= (1 + MOST) * without,
            against=f"in the clear {1e3 * without:.0f} ms: {with_ / without:.3f}×; of processor {busy / busy_without:.3f}×",
        )  # fmt: skip


def _once(place: Path, contracts: dict[str, str], path: Path, vault: Vault) -> tuple[Took, Took, bytes]:
    """What the delivery and the list took, and the list."""
    library = world.library()
    text = (library / "policies" / "elderly-uninsured.yaml").read_text("utf-8")
    with EmbeddedHost.open(place / "state", Parts(read_catalogue), create=True) as host:
        host.submit(CatalogueSet((library / "units.yaml").read_text("utf-8"), contracts))
        host.submit(Tick(world.DAY))
        host.submit(PolicyPublished("elderly-uninsured", 1, text, digest_of(load(text, "elderly-uninsured.yaml").data), "wang", "li"))
        start = _now()
        deliver(host, host.state.catalogue.feeds["hukou"], 0, path, Tokens(bytes(32)), vault, received=world.DAY)
        intake, start = _since(start), _now()
        matcher, policy = core(host.state), host.state.policies["elderly-uninsured"]
        candidates = matcher.candidates(policy.name)
        values = {candidate.subject: matcher.disclosed_values(policy.name, candidate.subject) for candidate in candidates}
        again = vault_in(vault.store.folder, not isinstance(vault.store, Clear))
        write_csv(place / "list.csv", list_sheet(policy, candidates, Disclosure(values), host.state.catalogue, again, host.state.day))
        return intake, _since(start), (place / "list.csv").read_bytes()


def _now() -> Took:
    return time.perf_counter(), time.process_time()


def _since(start: Took) -> Took:
    return time.perf_counter() - start[0], time.process_time() - start[1]
