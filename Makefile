# Two promises: `make demo` and `make test` need only python3 (3.11 or newer, with venv and pip) and make.
PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
SYNC := UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never $(UV) sync --locked --inexact

.PHONY: demo test lint bench docs clean

demo: $(VENV)/.user ## the redline of Switzerland from the embedded data, with map and report
	$(VENV)/bin/tianren demo demo

# A file goes to one worker whole: what its tests share is made once. The tests start many processes:
# compiled modules are kept even where the machine says otherwise, or each would compile them anew.
# A worker that dies ends the run: what killed it may make the next one wait for ever.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.dev lint ## everything that guards the code
	$(VENV)/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev ## ratios against peers; peers that are not installed are skipped loudly
	$(VENV)/bin/python -m benchmarks.run

docs: $(VENV)/.dev
	$(VENV)/bin/python tools/reference.py
	$(VENV)/bin/mkdocs build --strict

clean:
	rm -rf $(VENV) demo bench-data site dist

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.user: $(UV) uv.lock pyproject.toml
	$(SYNC)
	touch $@

$(VENV)/.dev: $(UV) uv.lock pyproject.toml
	$(SYNC) --extra dev
	touch $@ $(VENV)/.user
