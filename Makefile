# make demo   a made-up district, from records to lists that stay true; with KAFKA=2 on a real Kafka and two workers (Java 17, Maven)
# make up     the service of a made-up district with accounts, in the folder WORKSPACE (putuo), until it is stopped
# make test   the tests, a real Kafka included; FAST=1 for the inner loop: no Kafka, no seeds, no long tests
# make check  style, types, names, which layer may import which, and where each library may be imported
# make prove  the long proofs: all seeds and three times as many more, 20,000 simulated schedules, and every property on other examples (an hour and a half)
# make bench  the figures of docs/benchmarks.md
# make uniqueness  the share of people unique by quasi-identifiers, on record and in a research snapshot; of a workspace with WORKSPACE=putuo
# Each sets up what it needs in .venv; nothing else has to be installed but Python 3.11 to 3.13 and make.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
KERNELS := $(VENV)/.kernels
SEEDS ?= 1
TIMES ?= 4
SCHEDULES ?= 20000
RESIDENTS ?= 50000
KAFKA ?= 0
FAST ?=
# Four processes on two cores: the two that have a Kafka wait for it half of the time.
WORKERS ?= $(if $(FAST),2,4)
TESTS := not prove$(if $(FAST), and not kafka and not seeds and not long)
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup
unexport PYTHONDONTWRITEBYTECODE # or every process that a test starts compiles all modules again

.PHONY: demo up test check prove bench uniqueness clean ready servers
.DEFAULT_GOAL := demo

demo: ready
	@$(BIN)/huimin demo --residents $(RESIDENTS) --kafka $(KAFKA)

up: ready
	@test -d $(or $(WORKSPACE),putuo) || $(BIN)/huimin demo --residents 5000 --keep $(or $(WORKSPACE),putuo) --accounts
	@HUIMIN_TODAY=2026-11-15 $(BIN)/huimin up --workspace $(or $(WORKSPACE),putuo)

test: ready servers
	@$(PYTEST) -m "$(TESTS)" tests

check: ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.docs.names

# The seeded proofs, TIMES times all seeds, of which `make test` goes through a part, and SCHEDULES of the simulator; then every other property on the examples of each of SEEDS.
# A night: TIMES=40 SCHEDULES=100000 SEEDS="1 2 3".
prove: ready servers
	@HUIMIN_SEEDS=$(TIMES) HUIMIN_SCHEDULES=$(SCHEDULES) $(PYTEST) -m "prove or seeds" tests
	@for seed in $(SEEDS); do \
	  echo "properties, seed $$seed"; \
	  HUIMIN_EXAMPLES=other $(PYTEST) -m "hypothesis and not prove" --hypothesis-seed=$$seed tests || exit 1; \
	done

bench: ready
	@$(BIN)/python -m benchmarks.run --out docs/benchmarks.md

uniqueness: ready
	@$(BIN)/python -m benchmarks.uniqueness $(if $(WORKSPACE),--workspace $(WORKSPACE),--residents $(RESIDENTS))

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready: $(READY) $(KERNELS)

# PostgreSQL and sshd, which some tests start on loopback: installed where apt and root are, else a sentence says what is missing.
servers:
	@tests/servers.sh

$(READY): requirements.lock pyproject.toml
	@python=; \
	for each in $(PYTHON) python3.12 python3.11 python3.13 python3; do \
	  if $$each -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11, 3.12 or 3.13 with its venv module is needed (on Debian and Ubuntu: apt install python3 python3-venv)." >&2; exit 1; \
	fi; \
	echo "setting up $(VENV) with $$($$python --version) (a few minutes, once)"; \
	$$python -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Once, and when a kernel was changed: else each process of a test run compiles them beside the others.
$(KERNELS): $(wildcard matchers/kernel/kernels/*.py) $(wildcard connectors/parsing/*.py) | $(READY)
	@echo "compiling the matching kernels (a minute, once)"
	@$(BIN)/huimin demo --residents 500 >/dev/null 2>&1 || true
	@touch $@
