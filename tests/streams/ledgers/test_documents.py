"""Documents are checked once: the same program reuses the checked forms in a checkpoint, another program checks again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from policies import limits
from policies.language import serial
from policies.language.catalogue import Catalogue
from policies.language.tree import All, Policy
from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.messages import CatalogueSet
from streams.language.ports import Parts, read_policy
from streams.ledgers.documents import DocumentCache
from streams.store.accepted_catalogues import CATALOGUE_SET, accepted_catalogue
from streams.store.retention import SHORT
from streams.wire import wire
from tests.streams.bench import host_after_run
from tests.streams.world import build, catalogue, parts, policy_text

RULE = CheckpointRule(retention=SHORT)


def counting(reader: str) -> tuple[Parts, Counter[str]]:
    """Ports that count the texts they read."""
    read = Counter[str]()

    def build_counted(units: str, contracts: Mapping[str, str], /) -> Catalogue:
        read["catalogue"] += 1
        return build(units, contracts)

    def policy(text: str, file: str, catalogue: Catalogue, /) -> Policy:
        read["policy"] += 1
        return read_policy(text, file, catalogue)

    return replace(parts(real=True), build_catalogue=build_counted, read_policy=policy, reader=reader), read


def test_a_checkpoint_spares_the_reading(tmp_path: Path) -> None:
    """The program that wrote the checkpoint reads no text again; another program reads all of them, once."""
    host_after_run(tmp_path, 60, RULE).close()
    first, _ = counting("one")
    with EmbeddedHost.open(tmp_path, first) as host:
        host.write_checkpoint()
        versions, meta = host.state.registry.versions, host.state.meta()
        policies = host.state.policies

    same, read = counting("one")
    with EmbeddedHost.open(tmp_path, same) as host:
        assert not read
        assert host.state.registry.versions == versions
        assert host.state.policies == policies
        assert host.state.meta() == meta

    other, read = counting("two")
    with EmbeddedHost.open(tmp_path, other, rule=replace(RULE, closing_rows=1)) as host:
        assert read == {"catalogue": 1, "policy": sum(map(len, versions.values()))}
        assert host.state.registry.versions == versions

    again, read = counting("two")
    with EmbeddedHost.open(tmp_path, again):
        assert not read, "the host stores the newly checked documents when it closes"


def test_without_a_name_nothing_is_kept(tmp_path: Path) -> None:
    """A reader without a name gets no checked form from the checkpoint."""
    host_after_run(tmp_path, 60, RULE).close()
    unnamed, _ = counting("")
    with EmbeddedHost.open(tmp_path, unnamed) as host:
        host.write_checkpoint()
        assert host.state.meta()["documents"]["checked"] == {}

    again, read = counting("")
    with EmbeddedHost.open(tmp_path, again):
        assert read["policy"]


def test_a_policy_beyond_the_limits_is_not_taken_from_a_checkpoint() -> None:
    """Its text is read again, and the policy of the text counts."""
    first, _ = counting("one")
    text, documents = policy_text("elderly-uninsured"), DocumentCache(first)
    policy = documents.policy(text, "a policy", catalogue())
    meta = documents.meta()
    large = replace(policy, criteria=All(policy.criteria.meta, (policy.criteria,) * limits.CRITERIA))
    meta["checked"] = dict.fromkeys(meta["checked"], serial.to_json(large))

    again, read = counting("one")
    reread = DocumentCache(again, meta).policy(text, "a policy", catalogue())

    assert read == {"policy": 1}
    assert reread == policy


def test_the_catalogue_that_holds_is_taken_from_the_checkpoint(tmp_path: Path) -> None:
    """``accepted_catalogue`` reads no text where the snapshot has the catalogue; without a new snapshot, or for another program, it reads the texts."""
    host_after_run(tmp_path, 60, RULE).close()
    first, read = counting("one")
    with EmbeddedHost.open(tmp_path, first) as host:
        catalogue, last = host.state.catalogue, host.state.catalogues[-1]
        before = accepted_catalogue(tmp_path, first.build_catalogue, "one")
        read.clear()
        host.write_checkpoint()
    after = accepted_catalogue(tmp_path, first.build_catalogue, "one")

    assert after is not None and before is not None
    assert (after.units, after.contracts, after.catalogue) == (last.units, last.contracts, catalogue)
    assert before == after
    assert not read
    assert accepted_catalogue(tmp_path, first.build_catalogue, "two") == after
    assert read == {"catalogue": 1}


def test_the_message_that_sets_a_catalogue_is_known_without_the_wire() -> None:
    """Its constant equals the bytes of the wire, so its reader need not import the wire."""
    assert wire.kind_bytes(CatalogueSet) == CATALOGUE_SET
