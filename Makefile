# Coruja's commands. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run ask test format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Install, index corpus/ and open the web chat on 127.0.0.1
	@$(BIN)/coruja index || [ $$? -eq 3 ]
	@$(BIN)/coruja ui

# `value` hands the question over untouched: a "$" or a quote in it is neither Make's nor the shell's.
ask: export QUESTION = $(value Q)
ask: $(VENV)/.installed ## Answer one question in the terminal: make ask Q="O que faz o SageMaker Clarify?"
	@[ -n "$$QUESTION" ] || { echo 'error: no question' >&2; echo 'next: make ask Q="O que faz o SageMaker Clarify?"' >&2; exit 2; }
	@$(BIN)/coruja ask -- "$$QUESTION"

test: $(VENV)/.installed-test ## Install with the test tools and run every check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

format: $(VENV)/.installed-test ## Rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment, the built index and every cache
	rm -rf $(VENV) .coruja .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'error: Coruja needs Python 3.11 or later' >&2; echo 'next: make PYTHON=python3.11 …' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# PyTorch goes first, alone and by its exact version: where the package index offers only the CUDA build this stops
# before gigabytes are fetched, and says what to do.
$(VENV)/.torch: constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV): a few minutes the first time.'
	@torch=$$(grep '^torch==' constraints.txt); \
	  plan=$$($(BIN)/pip install --quiet --dry-run --report - -c constraints.txt "$$torch") || exit 1; \
	  if printf '%s' "$$plan" | grep -qE '"name": "(nvidia-|cuda-|triton)'; then \
	    echo "error: this package index offers $$torch with CUDA only, which Coruja does not use" >&2; \
	    echo 'next: set PIP_EXTRA_INDEX_URL to an index of CPU builds (README, "Installing") and run make again' >&2; exit 1; \
	  fi; \
	  $(BIN)/pip install --quiet -c constraints.txt "$$torch"
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.torch
	$(BIN)/pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/.torch
	$(BIN)/pip install --quiet -c constraints.txt -e ".[test]"
	@touch $(VENV)/.installed $@
