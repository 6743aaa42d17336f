# Coruja's commands. `make help` lists them.

PYTHON ?= python3
VENV := .venv
EXTRAS_VENV := .venv-extras
EXTRAS ?=
SHELL := /bin/bash
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Installed without byte code (150 MB): what starts writes its own, once. Where that is forbidden, each start takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run ask test test-extras test-ollama format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed$(EXTRAS) ## Install into .venv; EXTRAS=sentence-transformers brings PyTorch, too

run: install ## Install, index corpus/ and open the web chat on 127.0.0.1
	@$(BIN)/coruja index --no-meaning || [ $$? -eq 3 ]
	@$(BIN)/coruja ui

# `value` hands the question over untouched: a "$" or a quote in it is neither Make's nor the shell's.
ask: export QUESTION = $(value Q)
ask: install ## Answer one question in the terminal: make ask Q="O que faz o SageMaker Clarify?"
	@[ -n "$$QUESTION" ] || { echo 'error: no question' >&2; echo 'next: make ask Q="O que faz o SageMaker Clarify?"' >&2; exit 2; }
	@$(BIN)/coruja ask -- "$$QUESTION"

test: $(VENV)/.installed-test ## Install with the test tools and run every check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadfile

test-extras: $(EXTRAS_VENV)/.installed ## Test what needs the extra, in .venv-extras (5 GB where the index has CUDA only)
	$(EXTRAS_VENV)/bin/pytest -m extras

# One file after the other: a model that reads on a CPU answers one question at a time.
test-ollama: $(VENV)/.installed-test ## Test against the Ollama at OLLAMA_HOST, with the model CORUJA_MODEL
	CORUJA_OLLAMA_URL="$${CORUJA_OLLAMA_URL:-$${OLLAMA_HOST:-127.0.0.1:11434}}" $(BIN)/pytest -m ollama

format: $(VENV)/.installed-test ## Rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment, the built index and every cache
	rm -rf $(VENV) $(EXTRAS_VENV) .coruja .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'error: Coruja needs Python 3.11 or later' >&2; echo 'next: make PYTHON=python3.11 …' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What stands in a stamp is installed: changed pins make it older, an interruption leaves none, and pip goes on.
# pip leaves byte code out; one question has Python write that of all that questions load (see LOG.md, "A cold start").
STARTED = started=$$(mktemp -d) && mkdir "$$started/corpus" && printf '\# Coruja\n\nResponde com citações.\n' >"$$started/corpus/a.md" && \
  { said=$$($(BIN)/coruja --workspace "$$started" ask --writer extractive 'Como a coruja responde?' 2>&1) || { echo "$$said" >&2; false; }; } && \
  rm -rf "$$started"
INSTALL = $(BIN)/pip install --no-compile --progress-bar on -c constraints.txt

$(VENV)/.installed$(EXTRAS): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV): about a minute the first time$(if $(EXTRAS), (with $(EXTRAS): minutes and up to 5 GB)).'
	$(INSTALL) -e ".$(if $(EXTRAS),[$(EXTRAS)])" | grep --line-buffered -E '^(Collecting|Installing|Successfully)'; exit $${PIPESTATUS[0]}
	@$(STARTED)
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --quiet -e ".[test]"
	@$(STARTED)
	@touch $(VENV)/.installed $@

$(EXTRAS_VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(EXTRAS_VENV)
	$(EXTRAS_VENV)/bin/pip install --no-compile --quiet -c constraints.txt -e ".[test-extras]"
	@touch $@
