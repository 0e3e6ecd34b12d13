# Everything sets itself up: `make demo` and `make test` need Python 3.11+, pip, git, make and a C compiler.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 4566
COUNT ?= 100000
SEED ?= 0
UV := .tools/uv/bin/uv
export UV_PYTHON_DOWNLOADS := never
export UV_CACHE_DIR ?= $(CURDIR)/.tools/uv-cache
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Byte code stays out of the folders that `sam` packages: their digests must not change by being run.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.tools/pycache
export SAM_CLI_TELEMETRY := 0

.PHONY: help setup demo up down reset test test-slow soak lint lint-sam build-sam bench bench-endpoint load lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/.installed .tools/sam/.installed .tools/awscli/.installed ## make the environments (done by every other target)

$(UV):
	@echo "Setting up: uv"
	@$(PYTHON) -m pip install --quiet --root-user-action=ignore --target .tools/uv uv

.venv/.installed: requirements/product.txt pyproject.toml | $(UV)
	@echo "Setting up: .venv (locked dependencies)"
	@$(UV) venv --quiet --clear --python $(PYTHON) .venv
	@VIRTUAL_ENV=.venv $(UV) pip sync --quiet --require-hashes requirements/product.txt
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.tools/%/.installed: requirements/%.txt | $(UV)
	@echo "Setting up: $*"
	@$(UV) venv --quiet --clear --python $(PYTHON) .tools/$*
	@VIRTUAL_ENV=.tools/$* $(UV) pip sync --quiet --require-hashes requirements/$*.txt
	@touch $@

lock: | $(UV) ## renew the lock files
	@for n in product sam checkov awscli bench; do \
	  $(UV) pip compile --quiet --upgrade --universal --no-header --python-version 3.11 --generate-hashes requirements/$$n.in -o requirements/$$n.txt; done
	@$(UV) pip compile --quiet --upgrade --universal --no-header --python-version 3.11 --generate-hashes -c requirements/product.txt layers/deps/requirements.in -o layers/deps/requirements.txt

demo: setup ## play the whole loop once, on a cloud of its own
	@.venv/bin/dropforge demo

up: setup ## start the local cloud with the stack deployed (PORT=4566)
	@.venv/bin/dropforge up --port $(PORT)

down: setup ## stop it; its state is kept
	@.venv/bin/dropforge down --port $(PORT)

reset: setup ## stop it and forget all its state
	@.venv/bin/dropforge reset --port $(PORT)

lint: setup .tools/checkov/.installed ## format, lint, types, templates
	@.venv/bin/ruff format --check --quiet . || { echo "Run: .venv/bin/ruff format"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy

lint-sam: setup .tools/checkov/.installed ## the templates alone: cfn-lint, sam validate, checkov
	@.venv/bin/cfn-lint template.yaml stacks/*.yaml
	@AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/sam validate --lint
	@.tools/checkov/bin/checkov --framework cloudformation --skip-download --quiet --compact \
	  $(foreach t,template.yaml $(wildcard stacks/*.yaml),--file $(t))

build-sam: setup ## what `sam deploy` would upload, in .aws-sam/build
	@find functions layers/core jobs -name __pycache__ -prune -exec rm -rf {} +
	@AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/sam build

test: lint ## everything: lint, types, unit, contract, machines, the local loop
	@.venv/bin/pytest -m "not slow" -n 3 --dist loadfile --no-loadscope-reorder

test-slow: setup ## the tests that take minutes
	@.venv/bin/pytest -m slow

soak: setup ## 100,000 generated sequences through intake: duplicates, losses, crashes (half an hour; COUNT=, SEED=)
	@PYTHONPATH=functions:layers/core/python:jobs/python:. .venv/bin/python -m tests.soak --count $(COUNT) --seed $(SEED)

bench: setup ## how fast the handlers start, as ratios
	@.venv/bin/python -m benchmarks.handlers

bench-endpoint: setup .tools/bench/.installed ## predictions a second of the local endpoint, beside gunicorn + Flask and MLflow
	@.venv/bin/python -m benchmarks.endpoint

load: setup ## a hundred changes of a local endpoint under load, and model servers killed under it (five minutes)
	@.venv/bin/pytest tests/local/load -s

clean: ## remove what setup and builds made
	@rm -rf .venv .tools .aws-sam .mypy_cache .ruff_cache .hypothesis
