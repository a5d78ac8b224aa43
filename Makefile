# Every target does its own set-up in .venv, from Python and the package registry alone.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell \
	$(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
STYLUA := $(VENV)/node_modules/.bin/stylua
STYLUA_PACKAGE := @johnnymorganz/stylua-bin@2.5.2
# One more than processors: the tests on the real Audacity and in Chromium share a worker each, and both wait.
WORKERS ?= $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2))
# Most of what tests write is synced to the disk: it lies in memory where there is room for it.
IN_MEMORY := $(shell grep -q ' /dev/shm tmpfs [^ ]*noexec' /proc/mounts 2>/dev/null || \
	df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 8000000 { print "PYTEST_DEBUG_TEMPROOT=/dev/shm" }')
TEST_MODELS := $(CURDIR)/$(VENV)/models

# Where this is set (images for containers do), every start of a worker would compile all of our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo ready test lint format docs song bench dist test-pythons test-audacity-37 programs models clean

help:
	@echo "make demo          separate a real song with the embedded engine"
	@echo "make test          lint and all tests"
	@echo "make lint          ruff, mypy, import-linter, luacheck, stylua"
	@echo "make format        let ruff lay out the code"
	@echo "make docs          write what is generated: PROTOCOL.md's tables, REAPER's action files"
	@echo "make song          render the demo song again (needs fluidsynth and espeak-ng)"
	@echo "make bench         the measurements (some minutes)"
	@echo "make dist          build the wheel; with BASE_URL=... also what ReaPack fetches"
	@echo "make test-pythons  the tests on every Python from 3.11 on that is here"
	@echo "make test-audacity-37  the tests on the real Audacity again, with 3.7 (Debian, as root)"
	@echo "make clean         remove what these targets made"

$(VENV)/.run: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Stembridge needs Python 3.11 or later."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint
	@touch $@

demo: $(VENV)/.run
	$(BIN)/stembridge engines install spleeter
	$(BIN)/python examples/demo.py

programs:
	@sh tests/install-programs.sh

models: $(VENV)/.run
	STEMBRIDGE_HOME="$(TEST_MODELS)" $(BIN)/stembridge --quiet engines install spleeter

# Two package managers at a time: each waits for its own registry.
ready:
	@$(MAKE) --no-print-directory -j2 programs $(VENV)/.test

test: ready models lint
	$(IN_MEMORY) STEMBRIDGE_TEST_MODELS="$(TEST_MODELS)" $(BIN)/python -m pytest -n $(WORKERS)

lint: $(VENV)/.test programs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@[ -x $(STYLUA) ] || ! command -v npm >/dev/null 2>&1 || \
		npm install --silent --no-audit --no-fund --prefix $(VENV) $(STYLUA_PACKAGE)
	@sh tests/lint-lua.sh

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	[ ! -x $(STYLUA) ] || $(STYLUA) reaper_scripts tests/fakes/reaper/prelude.lua

docs: $(VENV)/.test
	$(BIN)/python -m stembridge.bridge.protocol plugin/PROTOCOL.md
	$(BIN)/python -m stembridge_reaper.action_files

song: $(VENV)/.test
	$(BIN)/python examples/render_song.py

bench: $(VENV)/.test models
	STEMBRIDGE_HOME="$(TEST_MODELS)" $(BIN)/python bench/all.py

dist: $(VENV)/.run
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
ifdef BASE_URL
	$(BIN)/python -m stembridge_reaper.reapack dist/reapack --base-url "$(BASE_URL)"
else
	@echo "For REAPER's package manager: make dist BASE_URL=https://... (where dist/reapack will lie)"
endif

test-audacity-37: $(VENV)/.test
	@sh tests/audacity/in-chroot.sh

test-pythons:
	@sh tests/all-pythons.sh

clean:
	rm -rf $(VENV) .venv-* build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
