# `make` alone lists what there is. Everything is installed into .venv inside this checkout, nothing elsewhere.

PYTHONS = python3.13 python3.12 python3.11 python3 python
BIN = .venv/bin

.DEFAULT_GOAL = help
.PHONY: help demo test check format bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: .venv/.demo ## see the whole line at work on embedded mail servers; DEMO_ARGS=--serve keeps them up
	$(BIN)/gracious demo $(DEMO_ARGS)

test: .venv/.test ## run every test; TEST_ARGS are passed to pytest, such as TEST_ARGS='-k reply'
	$(BIN)/python -m pytest $(TEST_ARGS)

check: .venv/.dev ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.dev ## put the code into the house format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: .venv/.bench ## measure how replies are read and offers recognised; CORPUS=folder adds a folder of labelled mail
	$(BIN)/python benchmarks/replies/measure.py
	$(BIN)/python benchmarks/detection/measure.py $(if $(CORPUS),--corpus "$(CORPUS)")

clean: ## remove .venv and every cache
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp for each set of requirements, so that only the first call and a changed pyproject.toml install anything.
# `dev` contains `test`, which contains `demo`. A .venv that another tool made may lack pip.
define install
	@echo "Installing into .venv ..."
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --editable '.[$(1)]'
endef

.venv/.demo: pyproject.toml | $(BIN)/python
	$(call install,demo)
	@touch $@

.venv/.test: pyproject.toml | $(BIN)/python
	$(call install,test)
	@touch .venv/.demo $@

.venv/.bench: pyproject.toml | $(BIN)/python
	$(call install,bench)
	@touch $@

.venv/.dev: pyproject.toml | $(BIN)/python
	$(call install,dev)
	@touch .venv/.demo .venv/.test $@

# The first Python that runs and is recent enough; `make PYTHON=/path/to/python3 ...` chooses another.
$(BIN)/python:
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
			without=$$python; \
			continue; \
		fi; \
		echo "Creating .venv with $$("$$python" --version)"; \
		"$$python" -m venv --clear .venv && exit; \
		rm -rf .venv; \
		exit 1; \
	done; \
	if [ -n "$$without" ]; then \
		echo "$$without cannot create virtual environments. On Debian and Ubuntu: sudo apt install $$without-venv" >&2; \
	else \
		echo "Gracious needs Python 3.11 or newer, and none was found (looked for: $(or $(PYTHON),$(PYTHONS)))." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
	fi; \
	exit 1
