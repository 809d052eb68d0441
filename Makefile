# Two commands do all their own set-up into .venv, from the lock file: `make demo` and `make test`.
# No Docker, no root and no running service is needed; DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS are used where set.

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; done)
PIP = .venv/bin/python -m pip --disable-pip-version-check
# What pytest is given besides: a file, a test, an option. make test PYTEST_ARGS="tests/unit/scheduler -k exemption -x"
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit fuzz lint format check lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo '  make test PYTEST_ARGS="tests/unit/scheduler -k exemption -x" runs some of the tests, with options of pytest'

demo: .venv/.installed ## half a year of follow-up, shown in the terminal
	@.venv/bin/stoppunkt demo

test: .venv/.installed ## all tests, on a real PostgreSQL and Kafka
	.venv/bin/python -m pytest $(PYTEST_ARGS)

test-unit: .venv/.installed ## the fast tests, in under a minute: no PostgreSQL, no Kafka
	.venv/bin/python -m pytest -n 2 tests/unit tests/contract $(PYTEST_ARGS)

# How many records, and for how many seconds of them lives go through both services on PostgreSQL besides.
RECORDS ?= 200000
STORED_SECONDS ?= 1200

fuzz: .venv/.installed ## generated and mutated records through everything: make fuzz RECORDS=200000
	FUZZ_RECORDS=$(RECORDS) FUZZ_STORED_SECONDS=$(STORED_SECONDS) \
		.venv/bin/python -m pytest -q -s -o faulthandler_timeout=0 tests/fuzz $(PYTEST_ARGS)

lint: .venv/.installed ## ruff, mypy, import contracts
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

format: .venv/.installed ## let ruff correct what it can
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

check: lint test ## what has to pass before a commit

# Installed anew when the lock file has changed: first the packages, each with its hash, then this project, editable.
.venv/.installed: .venv/.packages pyproject.toml
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.packages: requirements.lock
	@test -n "$(PYTHON)" || { echo "Stoppunkt needs Python 3.11 or later with its venv module (Debian: apt install python3-venv), and none was found. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x .venv/bin/python || { echo "Making .venv with $(PYTHON)" >&2; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages of requirements.lock into .venv" >&2
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@touch $@

COMPILE = .cache/uv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

lock: .cache/uv/bin/uv ## choose all versions anew; the image holds the same ones, without tools and embedded parts
	$(COMPILE) --upgrade --extra embedded --extra letters --group dev --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --extra letters --no-annotate --output-file deploy/runtime.lock

.cache/uv/bin/uv:
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/python -m pip --disable-pip-version-check install --quiet uv

clean: ## remove what make has made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
