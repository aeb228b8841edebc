# Every target uses .venv/ in this checkout. `make setup` builds it from requirements-dev.lock.
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
ARGS ?=

.PHONY: help setup demo eval prove bench test test-all mutants check fmt lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo                     the whole story in a Slack-like page on this machine"
	@echo 'make demo ARGS="--headless"   the same story played in the terminal'
	@echo "make test                     the tests (needs only Python)"
	@echo 'make bench ARGS="NAME"         figures beside baselines, printed; never a test'
	@echo "make eval                     how the triage engine does on the scenario library, failures first"
	@echo "make prove                    the proofs: kills, clicks, forgeries, injections; the last line says what held"
	@echo "make check                    format, lint, types, layers"
	@echo "make setup | fmt | lock | test-all | mutants | clean"

setup: $(STAMP)

$(STAMP): requirements-dev.lock
	@python=""; for p in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$p; break; fi; done; \
	if [ -z "$$python" ]; then echo "Ask Claude needs Python 3.11 or newer; none was found. Install it, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; fi; \
	echo "setting up .venv with $$($$python --version) (about a minute, once)" >&2; \
	if ! $$python -m venv --clear $(VENV) >&2; then echo "python -m venv failed; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; fi
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock >&2
	@touch $@

demo: $(STAMP)
	@$(PY) -m bot demo $(ARGS)

eval: $(STAMP)
	@$(PY) -m tests.scenarios eval --html .cache/eval/index.html $(ARGS)

# Runs every proof and writes docs/proof.md; ARGS=--short runs as much as CI does and writes nothing.
prove: $(STAMP)
	@$(PY) -m prove $(if $(ARGS),$(ARGS),--write docs/proof.md)

bench: $(STAMP)
	@$(PY) -m bench $(ARGS)

test: $(STAMP)
	$(PY) -m pytest -n auto --dist loadfile -m "not outside and not mutation and not long" $(ARGS)

test-all: $(STAMP)
	$(PY) -m pytest -n auto --dist loadfile $(ARGS)

# Plants the faults of tests/mutations in copies of this checkout: each has to turn a test red.
mutants: $(STAMP)
	$(PY) -m tests.mutations $(ARGS)

check: $(STAMP)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

fmt: $(STAMP)
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

# Needs uv (https://docs.astral.sh/uv/), only for whoever changes the dependencies.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header -o requirements-dev.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
