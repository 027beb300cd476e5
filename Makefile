# Everything a newcomer needs; each target makes .venv first if it is not there.
PYTHON ?= python3
BIN := .venv/bin
TARGET ?= embedded

.PHONY: venv prove test unit lint bench clean

venv: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

prove: venv
	$(BIN)/caltrop test --report reports

test: venv
	$(BIN)/python -m pytest -n auto

unit: venv
	$(BIN)/python -m pytest -n auto -m 'not slow and not shared'

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: venv
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf dist reports .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
