# Every target sets up what it needs in the project's own .venv; nothing else is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

.PHONY: setup demo readme test verify clean clean-cache

setup: $(STAMP)

# Skipped, and so works offline, while the stamp is newer than what it was made from.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable ".[dev]"
	touch $@

# Train a DQN on random shops, compare it with rules, search and optima, draw the two pictures.
demo: $(STAMP)
	$(BIN)/dispatchlab demo

# Put the table and pictures of the last `make demo` into the README.
readme:
	cp demo/curves.png demo/gantt.png docs/
	sed -i -e '/demo table: begin/,/demo table: end/{//!d}' -e '/demo table: begin/r demo/table.md' README.md

# Lint, types, layers and the short tests: what CI runs.
test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not deep" -n 2

# The deep profile: every promise at full depth, kills, speed and learning targets.
verify: test
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -m deep -n 2 --durations 15
	$(BIN)/dispatchlab bench

# Compiled functions that others inline are not noticed when they change.
clean-cache:
	find envs agents baselines experiments -name '*.nb[ic]' -delete

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
