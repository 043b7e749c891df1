# The front door. Every line can be typed by hand; the environment is ./.venv.

BIN := .venv/bin
MEMBERS := core[compare] prompts providers/aws[emulator] $(addprefix plugins/,llm-anthropic llm-bedrock llm-langchain llm-local llm-openai) plugins/planner-llm plugins/planner-playbook plugins/suite-aws plugins/tracing-langsmith[otel] plugins/executor-docker plugins/engine-ray plugins/store-postgres
EVERYTHING := --constraint constraints.txt --group dev $(addprefix --editable ./,$(MEMBERS))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: install demo test lint types docs bench unseen soak clean

install: .venv/installed  ## build ./.venv with everything in it

.venv/installed: pyproject.toml constraints.txt $(wildcard core/pyproject.toml prompts/pyproject.toml providers/*/pyproject.toml plugins/*/pyproject.toml)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found: install it, or say make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv || { echo "Python's venv module is needed (on Debian and Ubuntu: apt-get install python3-venv)"; exit 2; }
	$(PIP) --constraint constraints.txt --upgrade pip uv
	$(BIN)/uv --system-certs pip install --quiet --compile-bytecode --python $(BIN)/python $(EVERYTHING) || $(PIP) $(EVERYTHING)
	$(BIN)/python -m compileall -q core prompts providers plugins  # where the shell forbids Python to keep what it compiles, each start would do it again
	@$(MAKE) --no-print-directory sandbox
	@touch $@

.PHONY: sandbox
sandbox:  ## bubblewrap, where we may install it
	@command -v bwrap >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		{ apt-get install -y -qq bubblewrap || { apt-get update -qq && apt-get install -y -qq bubblewrap; }; } >/dev/null 2>&1; } \
		|| echo "bubblewrap is not installed: scripts cannot be isolated. Install it (apt install bubblewrap), then: $(BIN)/nephoscope doctor"

demo: install  ## an investigation of an emulated account, from a clean clone to its verdict
	$(BIN)/nephoscope demo

.PHONY: postgres
postgres:  # a database server for the tests of what a team shares; where there is none they are skipped, and say so
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		{ apt-get install -y -qq postgresql || { apt-get update -qq && apt-get install -y -qq postgresql; }; } >/dev/null 2>&1; } \
		|| echo "PostgreSQL's server is not installed: its tests are skipped. Install it (apt install postgresql) to run them"

test: install postgres
	$(BIN)/pytest -m "not soak" -n auto --dist loadfile

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: install
	$(BIN)/mypy

docs: install  ## the reference says what the code says
	$(BIN)/pytest tests/docs tests/core/cli/test_reference.py

bench: install  ## every scenario with its twins: accuracy, false positives, grounding, calls
	$(BIN)/nephoscope bench

SEED ?= $(shell date +%s)
COUNT ?= 8
unseen: install  ## known faults in accounts nobody has seen, others each time: make unseen SEED=… COUNT=… makes the same again
	@echo "seed $(SEED)"
	$(BIN)/nephoscope bench --seed $(SEED) --count $(COUNT) --fail-under 0.85 --fail-on-false

soak: install  ## long: kills at random moments, and what else takes minutes
	$(BIN)/pytest -m soak

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
