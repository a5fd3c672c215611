# Everything a newcomer needs: `make demo`, `make test`. Nothing here needs more than git, make and Python 3.11.

SHELL := /bin/bash
# A distribution's own Python is built with a profile, which one built at home mostly is not: a seventh of all time.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
WORKDIR ?= demo-work
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled modules are kept, whatever the shell says: every start of a role would compile the whole product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint audit bench bench-long bench-connectors chaos cluster docs clean lock format install install-dev system-packages

# -- environment ------------------------------------------------------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Cần Python 3.11 trở lên / Python 3.11 or newer is needed (PYTHON=/path/to/python3 make …)"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; \
	  else echo "Thiếu gói python3-venv / The package python3-venv is missing: sudo apt-get install python3-venv"; exit 2; fi
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.txt pyproject.toml
	@echo "Cài thư viện đã khóa / Installing the locked libraries …"
	@$(BIN)/python -m pip install -q --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

# What the tests need from the system. Without root, the tests that need a missing tool are
# left out and named at the end of the run (tests/conftest.py).
system-packages:
	@./tests/support/system-packages.sh

# -- what people run --------------------------------------------------------------------------

demo: $(VENV)/.installed
	@$(BIN)/bhyt demo --workdir $(WORKDIR) $(ARGS)

test: $(VENV)/.installed-dev system-packages
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q $(ARGS)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Known weaknesses of the locked libraries. Asks a public database, so it is no part of the build.
audit: $(VENV)/.installed-dev
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv tool run pip-audit --require-hashes --disable-pip -r requirements.txt

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

chaos: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.chaos $(ARGS)

cluster: $(VENV)/.installed-dev system-packages
	@$(BIN)/python -m tests.chaos.cluster $(ARGS)

docs: $(VENV)/.installed
	@$(BIN)/bhyt rules docs

clean:
	rm -rf $(VENV) demo-work dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# -- maintenance ------------------------------------------------------------------------------

lock: $(VENV)/.installed-dev
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --group build --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --constraint requirements.txt --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-dev.txt

# -- measurements -----------------------------------------------------------------------------

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m benchmarks $(ARGS)

# The better part of an hour: run it on a machine that has nothing else to do.
bench-long: $(VENV)/.installed-dev system-packages
	@$(BIN)/python -m benchmarks.long $(ARGS)

bench-connectors: $(VENV)/.installed-dev
	@$(BIN)/python -m benchmarks.connectors $(ARGS)
