# One word each. `make setup` makes .venv; the others call it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := .make
SHELL  := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: setup demo test check bench soak lock format clean engines dev

setup: $(STAMP)/core

$(STAMP)/core: requirements/core.txt pyproject.toml
	@mkdir -p $(STAMP)
	@$(PYTHON) -c 'import sys; sys.exit("Shopwright needs Python 3.11 or newer; try make setup PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Shopwright into $(VENV) (about 600 MB on disk) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements/core.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

dev: $(STAMP)/dev

$(STAMP)/dev: requirements/dev.txt $(STAMP)/core
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# Real servers and browsers that Debian ships. What cannot be installed is skipped loudly by the
# tests that need it, and fails them where CI=true.
engines: $(STAMP)/transform
	@bash tests/install_engines.sh

# dbt and Spark have an environment of their own: their requirements are no business of ours.
$(STAMP)/transform: requirements/transform.txt
	@mkdir -p $(STAMP)
	@test -x .venv-transform/bin/python || $(PYTHON) -m venv .venv-transform
	@echo "installing dbt and Spark into .venv-transform (about 650 MB on disk) …"
	@.venv-transform/bin/python -m pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements/transform.txt
	@touch $@

demo: setup
	@$(BIN)/shopwright demo $(DEMO)

check: dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache >/dev/null && echo "ruff, mypy, import-linter: clean"
	@$(BIN)/pytest tests/unit tests/contracts tests/golden tests/docs

test: dev engines
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache >/dev/null && echo "ruff, mypy, import-linter: clean"
	@$(BIN)/pytest tests

bench: dev
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@$(BIN)/python -m benchmarks

# Every random test with its full counts: hours, not minutes.
soak: dev engines
	@$(BIN)/python -m pip install -q --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/soak.txt || echo "no wheel of atheris for this machine: coverage-guided fuzzing is skipped"
	@SOAK=20 $(BIN)/pytest --timeout 7200 tests/simulation tests/contracts tests/unit/events tests/unit/features tests/unit/security tests/engines

# Lock files carry versions and hashes and no addresses.
lock: dev
	@$(BIN)/python -m pip install -q uv
	@for set in core dev bench; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	    $$(test $$set = core && echo "pyproject.toml requirements/build.in" || echo "pyproject.toml requirements/build.in --extra dev") \
	    $$(test $$set = bench && echo "--extra bench") -o requirements/$$set.txt; done
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	  --no-strip-extras requirements/transform.in -o requirements/transform.txt

format: dev
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

clean:
	rm -rf $(VENV) .venv-transform $(STAMP) .mypy_cache .ruff_cache .pytest_cache .hypothesis
