"""The files with which Huimin is run elsewhere are valid, agree with the program and each other, and measure only what is measured.

Schemas: infra/deploy/schemas, of Kubernetes 1.30 and of the Compose Specification. PromQL is parsed by promql-parser.
"""

from __future__ import annotations

import base64
import configparser
import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # no stubs in the lock
import promql_parser
import pytest
from ruamel.yaml import YAML

from infra.kafka.connection import Connection
from infra.kafka.plan import LARGEST_MESSAGE_BYTES, Broker, Files, Plan, properties
from infra.keys import CREDENTIAL
from infra.metrics import METRICS
from infra.sizing import PLACES, smallest_network
from tests.docs.pages import ROOT

DEPLOY = ROOT / "infra" / "deploy"
BASE, OVERLAYS = DEPLOY / "kubernetes" / "base", sorted((DEPLOY / "kubernetes" / "overlays").iterdir())
DEFINITIONS = {
    "ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "Namespace": "io.k8s.api.core.v1.Namespace",
    "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
    "Service": "io.k8s.api.core.v1.Service",
    "ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "StatefulSet": "io.k8s.api.apps.v1.StatefulSet",
}
PLACE_SETTINGS = {"node.id", "controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs", "listener.security.protocol.map"}
"""Settings of a broker that depend on where it runs."""
PAGES = {language: (ROOT / "docs" / language / "deployment.md").read_text(encoding="utf-8") for language in ("zh", "en")}
PROMETHEUS_LABELS = {"instance", "job", "le"}


def load_yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def schema(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((DEPLOY / "schemas" / name).read_text(encoding="utf-8"))
    return body


def faults(document: Mapping[str, Any]) -> list[str]:
    """What Kubernetes would not accept."""
    whole = {**schema("kubernetes-1.30.json"), "$ref": f"#/$defs/{DEFINITIONS[document['kind']]}"}
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(whole).iter_errors(document)]


def are_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)


def merge(base: Any, patch: Any) -> Any:
    """A document with a patch over it: lists of named things by name, other lists as a whole."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return base | {key: merge(base[key], value) if key in base else value for key, value in patch.items()}
    if isinstance(base, list) and isinstance(patch, list) and are_named(base) and are_named(patch):
        over = {item["name"]: item for item in patch}
        return [merge(item, over.pop(item["name"], {})) for item in base] + list(over.values())
    return patch


def documents(folder: Path) -> dict[tuple[str, str], Any]:
    """What a kustomization makes, by kind and name."""
    listed = load_yaml(folder / "kustomization.yaml")
    manifests: dict[tuple[str, str], Any] = {}
    for name in listed["resources"]:
        path = (folder / name).resolve()
        more = documents(path) if path.is_dir() else {((manifest := load_yaml(path))["kind"], manifest["metadata"]["name"]): manifest}
        assert not manifests.keys() & more.keys()
        manifests |= more
    for patch in listed.get("patches", ()):
        manifest = load_yaml(folder / patch["path"])
        key = (manifest["kind"], manifest["metadata"]["name"])
        manifests[key] = merge(manifests[key], manifest)
    return manifests


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_kubernetes_accepts_every_manifest(folder: Path) -> None:
    """Each file of the folder belongs to it, and what comes out, patches and all, is as the API wants it."""
    listed = load_yaml(folder / "kustomization.yaml")
    used = {*listed["resources"], *(patch["path"] for patch in listed.get("patches", ()))}

    assert {path.name for path in folder.iterdir()} == {name for name in used if "/" not in name} | {"kustomization.yaml"}
    assert {key: faults(manifest) for key, manifest in documents(folder).items() if faults(manifest)} == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "template", "spec", "securityContext", "runAsNonroot"), True),
        (("spec", "replicas"), "two"),
        (("spec", "template", "spec", "containers", 0, "livenessProbe", "httpGet", "route"), "/"),
        (("spec", "volumeClaimTemplate"), []),
    ],
)
def test_a_slip_in_a_manifest_is_noticed(path: tuple[str | int, ...], value: Any) -> None:
    """The schemas know every name: a word misspelt, or of another type, is a fault."""
    spoilt = json.loads(json.dumps(documents(BASE)["StatefulSet", "huimin-worker"]))
    place = spoilt
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    assert faults(spoilt) != []


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_workers_are_locked_in(folder: Path) -> None:
    """Nobody in particular, nothing written but where it must, no token, no rights, room to stop."""
    manifests = documents(folder)
    pod = manifests["StatefulSet", "huimin-worker"]["spec"]["template"]["spec"]
    worker = pod["containers"][0]

    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert worker["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert manifests["ServiceAccount", pod["serviceAccountName"]]["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] > 30
    assert worker["resources"]["limits"]["memory"] == worker["resources"]["requests"]["memory"]
    assert (worker["livenessProbe"]["httpGet"]["path"], worker["readinessProbe"]["httpGet"]["path"]) == ("/health", "/ready")
    assert not any("secretKeyRef" in json.dumps(manifest) or manifest["kind"] == "Secret" for manifest in manifests.values())


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_the_parts_of_kubernetes_find_each_other(folder: Path) -> None:
    """Selectors select the pods; volumes, ports, settings and the service named are there."""
    manifests = documents(folder)
    workers = manifests["StatefulSet", "huimin-worker"]["spec"]
    labels, pod = workers["template"]["metadata"]["labels"], workers["template"]["spec"]
    volumes = {volume["name"] for volume in pod["volumes"]} | {volume["metadata"]["name"] for volume in workers["volumeClaimTemplates"]}

    assert workers["selector"]["matchLabels"].items() <= labels.items()
    assert manifests["Service", workers["serviceName"]]["spec"]["selector"].items() <= labels.items()
    assert manifests["PodDisruptionBudget", "huimin-worker"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert manifests["NetworkPolicy", "huimin-worker"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    for container in pod["containers"]:
        settings = {name for source in container["envFrom"] for name in manifests["ConfigMap", source["configMapRef"]["name"]]["data"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        assert set(re.findall(r"\$\((\w+)\)", json.dumps(container["args"]))) <= settings
    annotations = workers["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(pod["containers"][0]["ports"][0]["containerPort"])


@pytest.mark.parametrize("folder", [BASE, *OVERLAYS], ids=lambda folder: folder.name)
def test_the_settings_are_understood(folder: Path, tmp_path: Path) -> None:
    """They say a connection the program accepts, with its password in a file that is mounted; and one replica for each of three brokers."""
    data = documents(folder)["ConfigMap", "huimin-worker"]["data"]
    mounts = {
        mount["mountPath"]
        for mount in documents(folder)["StatefulSet", "huimin-worker"]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    }
    files = {name: value for name, value in data.items() if name.endswith("_FILE")}
    for name in files:
        (tmp_path / name).write_text("x")

    connection = Connection.of({**data, **{name: str(tmp_path / name) for name in files}})

    assert connection.tls and connection.sasl and len(connection.servers) == 3
    assert {str(Path(value).parent) for value in files.values()} <= mounts


def compose_files(*names: str) -> dict[str, Any]:
    """Compose files, one over another."""
    whole: dict[str, Any] = {}
    for name in names:
        whole = merge(whole, load_yaml(DEPLOY / name))
    return whole


@pytest.mark.parametrize("names", [("compose.yaml",), ("compose.three-brokers.yaml",), ("compose.yaml", "compose.three-brokers.yaml")])
def test_compose_accepts_its_files(names: tuple[str, ...]) -> None:
    """Alone, and one over the other."""
    whole = compose_files(*names)
    errors = list(jsonschema.Draft202012Validator(schema("compose-spec.json")).iter_errors(whole))

    assert [f"{error.json_path}: {error.message}" for error in errors] == []
    for service in whole["services"].values():
        assert {volume.split(":")[0] for volume in service.get("volumes", ()) if volume[0] not in "./"} <= whole["volumes"].keys()


@pytest.mark.parametrize("names", [("compose.yaml",), ("compose.yaml", "compose.three-brokers.yaml")])
def test_every_container_is_watched_and_bounded(names: tuple[str, ...]) -> None:
    """Each has a healthcheck, limits and no rights; ports are open on this machine only."""
    for name, service in compose_files(*names)["services"].items():
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert service["cap_drop"] == ["ALL"] and service["restart"] == "unless-stopped", name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


@pytest.mark.parametrize(("names", "count"), [(("compose.yaml",), 1), (("compose.yaml", "compose.three-brokers.yaml"), 3)])
def test_brokers_are_set_as_those_of_one_machine(names: tuple[str, ...], count: int, tmp_path: Path) -> None:
    """What ``huimin kafka up`` and Compose both set is the same; brokers agree with each other and with their workers."""
    services = compose_files(*names)["services"]
    brokers = {name: service["environment"] for name, service in services.items() if name.startswith("kafka")}
    plan = Plan("id", tuple(Broker(number, 1, 2, 3) for number in range(1, count + 1)), False)
    ours = dict(line.split("=", 1) for line in properties(plan, plan.brokers[0], Files(tmp_path), {}).splitlines())

    assert len(brokers) == count
    for name, values in brokers.items():
        theirs = {key.removeprefix("KAFKA_").lower().replace("_", "."): value for key, value in values.items() if key != "CLUSTER_ID"}
        shared = theirs.keys() & ours.keys() - PLACE_SETTINGS
        assert {key: theirs[key] for key in shared} == {key: ours[key] for key in shared}
        assert {
            "auto.create.topics.enable",
            "unclean.leader.election.enable",
            "default.replication.factor",
            "min.insync.replicas",
        } <= shared
        assert theirs["message.max.bytes"] == theirs["replica.fetch.max.bytes"] == str(LARGEST_MESSAGE_BYTES)
        assert theirs["controller.quorum.voters"] == ",".join(f"{number}@kafka-{number}:9093" for number in range(1, count + 1))
        assert f"PLAIN://{name}:9092" in theirs["advertised.listeners"] and name == f"kafka-{theirs['node.id']}"
        assert len(base64.urlsafe_b64decode(values["CLUSTER_ID"] + "==")) == 16
    for name in ("worker-1", "worker-2"):
        assert services[name]["environment"]["KAFKA_BOOTSTRAP"] == ",".join(f"{broker}:9092" for broker in brokers)
        assert services[name]["depends_on"].keys() == brokers.keys()


def options(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")}


def test_workers_are_called_as_the_program_expects() -> None:
    """Every option of the files is one of ``huimin worker``; both ways of running give the same ones, and a depot."""
    compose = load_yaml(DEPLOY / "compose.yaml")["services"]["worker-1"]["command"]
    kubernetes = documents(BASE)["StatefulSet", "huimin-worker"]["spec"]["template"]["spec"]["containers"][0]["args"]
    worker_options = set(
        re.findall(r"`(--[\w-]+)", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").split("## huimin worker\n")[1].split("\n## ")[0])
    )

    assert compose[0] == kubernetes[0] == "worker"
    assert options(compose) == options(kubernetes) <= worker_options
    assert "--depot" in options(compose)


UP_OPTIONS = set(
    re.findall(r"`(--[\w-]+)", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").split("## huimin up\n")[1].split("\n## ")[0])
)


def test_the_service_is_called_as_the_program_expects() -> None:
    """By systemd and by Compose: with options that there are, as nobody in particular, without rights, its secrets from outside."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(DEPLOY / "systemd" / "huimin.service", encoding="utf-8")
    program, verb, *words = unit["Service"]["ExecStart"].split()
    compose = compose_files("compose.service.yaml")
    container = compose["services"]["huimin"]

    assert (program, verb, container["command"][0]) == ("/opt/huimin/python/bin/huimin", "up", "up")
    assert options(words) | options(container["command"]) <= UP_OPTIONS | {"--workspace"}
    assert {"--tls-cert", "--tls-key"} <= options(container["command"])
    assert (unit["Service"]["Type"], unit["Service"]["User"], unit["Service"]["UMask"]) == ("notify", "huimin", "0077")
    assert unit["Service"]["LoadCredentialEncrypted"].startswith(f"{CREDENTIAL}:")
    assert container["read_only"] and container["cap_drop"] == ["ALL"] and container["healthcheck"]
    assert all(port.startswith("127.0.0.1:") for port in container["ports"])
    assert set(container["secrets"]) <= compose["secrets"].keys()
    errors = jsonschema.Draft202012Validator(schema("compose-spec.json")).iter_errors(compose)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_the_image_is_of_nobody_and_holds_no_secret() -> None:
    """It runs as a number that is not 0, from a pinned list; nothing but what is built can get into it."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {line.split()[1] for line in lines if re.match(r"COPY [\w.]+ ", line)} | {"requirements.lock", "README.md", "pyproject.toml"}

    assert "USER 10001:10001" in lines
    assert all("--constraint requirements.lock" in line for line in lines if "pip install" in line)
    assert not [line for line in lines if re.match(r"(ENV|ARG) .*(PASSWORD|SECRET|TOKEN|KEY)", line)]
    assert ignored[1] == "*" and {line[1:] for line in ignored if line.startswith("!")} == copied | {"infra/deploy/start.sh"}
    assert ignored.index("!infra") < ignored.index("infra/deploy") < ignored.index("!infra/deploy/start.sh")
    assert {"**/secrets", "**/*.key", "**/*.pem"} <= set(ignored)
    assert (DEPLOY / "start.sh").stat().st_mode & stat.S_IXUSR


BOARD = json.loads((DEPLOY / "grafana" / "huimin.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
RULES = [rule for group in load_yaml(DEPLOY / "prometheus" / "alerts.yaml")["groups"] for rule in group["rules"]]
QUERIES = [(rule["alert"], rule["expr"]) for rule in RULES] + [
    (panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]
]


@cache
def series() -> dict[str, set[str]]:
    """The labels of every series there is."""
    labels_by_name = {}
    for name, (kind, labels, _) in METRICS.items():
        for ending in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            labels_by_name[name + ending] = {*labels, *PROMETHEUS_LABELS}
    return labels_by_name


def walk(query: str, visit: Callable[[promql_parser.Expr], None]) -> None:
    """Every part of a query; Grafana's variables stand for what it puts in their place."""

    def visit_part(part: promql_parser.Expr) -> bool:
        visit(part)
        return True

    promql_parser.walk(promql_parser.parse(query.replace("$__rate_interval", "1m")), visit_part)


@pytest.mark.parametrize(("where", "query"), QUERIES, ids=[where.split(" / ")[-1] for where, _ in QUERIES])
def test_only_what_is_measured_is_asked_for(where: str, query: str) -> None:
    """Each query can be parsed; its series are measured, and have every label it chooses or sums by."""
    names: list[str] = []
    labels: set[str] = set()

    def visit(part: promql_parser.Expr) -> None:
        selector = part.vector_selector if isinstance(part, promql_parser.MatrixSelector) else part
        if isinstance(selector, promql_parser.VectorSelector):
            names.append(str(selector.name))
            labels.update(matcher.name for matcher in selector.matchers.matchers)
        if isinstance(part, promql_parser.AggregateExpr) and part.modifier is not None:
            labels.update(part.modifier.labels)

    walk(query, visit)

    assert names and set(names) <= series().keys()
    assert all(labels <= series()[name] for name in names)


def test_every_metric_is_watched() -> None:
    """What is measured is on the dashboard or in an alert."""
    asked = " ".join(query for _, query in QUERIES)

    assert [name for name in METRICS if name not in asked] == []


def test_a_wrong_query_is_noticed() -> None:
    """The parser refuses what Prometheus would."""
    for wrong in ("sum(rate(huimin_rows_total[5m])", "rate(huimin_rows_total)", "huimin_ready >"):
        with pytest.raises(ValueError, match=r".+"):
            promql_parser.parse(wrong)


def both(text: str) -> bool:
    """Does it say the same in Chinese and in English?"""
    zh, _, en = text.partition(" / ")
    return bool(re.search(r"[\u4e00-\u9fff]", zh)) and bool(en) and not re.search(r"[\u4e00-\u9fff]", en)


def test_the_dashboard_is_sound() -> None:
    """Unique ids, a data source to be chosen, units, both languages; panels side by side, none over another."""
    variables = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    ids = [panel["id"] for panel in BOARD["panels"]]
    places: set[tuple[int, int]] = set()

    assert len(ids) == len(set(ids)) and variables["datasource"]["type"] == "datasource"
    assert [panel["title"].split(" / ")[1] for panel in BOARD["panels"] if panel["type"] == "row"] == [
        "Flow", "Lag", "Lists", "Coverage and quarantine", "Durability",
    ]  # fmt: skip
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert both(panel["title"]) and at["x"] + at["w"] <= 24 and not cells & places
        places |= cells
    for panel in PANELS:
        assert both(panel["description"]) and panel["fieldConfig"]["defaults"]["unit"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        used = set(re.findall(r"\$(\w+)", json.dumps([target["expr"] for target in panel["targets"]])))
        assert used <= {*variables, "__rate_interval"}


def alert_rows(language: str) -> Iterator[str]:
    """The rows of the page's table of alerts."""
    for rule in RULES:
        yield f"| `{rule['alert']}` | {rule['annotations'][f'runbook_{language}']} |"


def test_every_alert_says_what_to_do() -> None:
    """A severity, both languages, and a row of each page that says the same."""
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "runbook_zh", "runbook_en", "runbook_url"}
        assert both(rule["annotations"]["summary"]), rule["alert"]
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (ROOT / path).exists() and anchor == "alerts"
    missing = [row for language, page in PAGES.items() for row in alert_rows(language) if row not in page]
    assert missing == [], "\n".join(missing)


def test_prometheus_finds_its_workers_and_rules() -> None:
    """Those of Compose, and the rules beside its settings."""
    settings = load_yaml(DEPLOY / "prometheus" / "prometheus.yaml")
    services = load_yaml(DEPLOY / "compose.yaml")["services"]
    targets = [target for job in settings["scrape_configs"] for group in job["static_configs"] for target in group["targets"]]

    assert sorted(targets) == sorted(f"{name}:6066" for name in services if name.startswith("worker"))
    assert [Path(path).name for path in settings["rule_files"]] == ["alerts.yaml"]


def test_the_page_names_files_that_exist() -> None:
    """Every path below infra/deploy that the pages say."""
    named_there = set(re.findall(r"infra/deploy/[\w./-]*\w", "".join(PAGES.values())))

    assert named_there and [path for path in sorted(named_there) if not (ROOT / path).exists()] == []


def gibibytes(text: str) -> float:
    assert text.endswith("Gi")
    return float(text.removesuffix("Gi")) * 2**30


@pytest.mark.parametrize(("folder", "place"), [(BASE, 0), (DEPLOY / "kubernetes" / "overlays" / "city", 1)], ids=["base", "city"])
def test_the_manifests_are_as_large_as_is_planned(folder: Path, place: int) -> None:
    """A district as it stands, a city by its overlay: workers, shards, memory and disk of the sizing table, with room to spare."""
    size, manifests = smallest_network(PLACES[place][1]), documents(folder)
    workers = manifests["StatefulSet", "huimin-worker"]["spec"]
    memory = gibibytes(workers["template"]["spec"]["containers"][0]["resources"]["requests"]["memory"])
    disk = gibibytes(workers["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"])

    assert (workers["replicas"], int(manifests["ConfigMap", "huimin-worker"]["data"]["SHARDS"])) == (size.workers, size.shards)
    assert size.worker_bytes <= memory <= 2 * size.worker_bytes
    assert size.worker_disk_bytes <= disk <= 3 * size.worker_disk_bytes
