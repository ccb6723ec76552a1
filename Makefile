# Bertline: `make demo` runs the main job on this machine, `make test` runs every test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ENV ?= dev
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
CDK_CLI := node_modules/.ready

.PHONY: help setup setup-dev demo test check synth deploy destroy up down bench lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(CDK_CLI) ## what `make demo` and `make deploy` need: .venv, Node, the CDK command line
setup-dev: setup $(READY_DEV)

$(READY): requirements.txt constraints.txt
	@test -n "$(PYTHON)" || { echo "Bertline needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3 ...)" >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once; about 2.4 GB, a few minutes)"
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --progress-bar off -r requirements.txt
	@touch $@

$(READY_DEV): requirements-dev.txt constraints.txt $(READY)
	@echo "Adding what the tests need"
	$(VENV)/bin/python -m pip install --quiet --progress-bar off -r requirements-dev.txt
	@touch $@

$(CDK_CLI): package.json package-lock.json $(READY)
	$(VENV)/bin/npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

demo: setup ## raw reviews to an answering endpoint, on this machine
	@$(VENV)/bin/python -m bertline demo

test: setup-dev ## the whole test suite
	$(VENV)/bin/python -m pytest

check: setup-dev ## linters, types and the governance gate
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m bertline synth --env $(ENV) --governed

synth: setup ## the CloudFormation templates, in cdk.out
	$(VENV)/bin/python -m bertline synth --env $(ENV)

deploy: setup ## all stacks to your AWS account (ENV=dev|staging|prod)
	$(VENV)/bin/python -m bertline --target aws deploy --env $(ENV)

destroy: setup ## take the stacks of an environment out of your AWS account again
	$(VENV)/bin/python -m bertline --target aws destroy --env $(ENV)

up: setup ## start the local cloud
	@$(VENV)/bin/python -m bertline up

down: ## stop the local cloud
	@if test -x $(VENV)/bin/python; then $(VENV)/bin/python -m bertline down; fi

bench: setup-dev ## every benchmark (bench/); make bench-features and the like run one
	$(VENV)/bin/python -m bench

bench-%: setup-dev
	$(VENV)/bin/python -m bench $*

lock: setup-dev ## pin what is installed now into constraints.txt
	{ echo "# Every package the two requirements files bring in, pinned (made with: make lock)."; \
	  $(VENV)/bin/python -m pip freeze | sed 's/+cpu//' | sort -f; } > constraints.txt

clean: down ## remove everything the other commands made
	rm -rf .venv .bertline node_modules cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis
