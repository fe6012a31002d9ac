# Every target makes its own virtual environment in .venv, with the tested versions of constraints.txt.
# PYTHON=python3.12 make test chooses another Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := $(shell find core teachers envs wrappers students benchmarks -name '*.py' -o -path '*/test_sets/*' -type f -o -path '*/ready_made/*.yaml' -o -name 'py.typed') pyproject.toml
RUN ?= runs/demo-$(shell date +%Y%m%d-%H%M%S)
STEPS ?= 3e6

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format types bench docs install clean

help: ## Explain the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: install ## Train a student on mazes under ALP-GMM, test it on mazes it has never seen, write a report (under 6 minutes)
	$(BIN)/tutelage train MazeParameters --teacher alp-gmm --steps $(STEPS) --eval-every 5e5 --checkpoint-every 1e6 --seed 0 --out $(RUN)
	$(BIN)/tutelage evaluate $(RUN) --suite zero-shot-12
	$(BIN)/tutelage report $(RUN)
	@echo "Open $(RUN)/plots/report.html in a browser."

test: install-test ## Run the test suite and the examples in the docstrings (under 10 minutes)
	$(BIN)/python -m pytest -n 2 --dist worksteal tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --doctest-modules --pyargs tutelage

test-slow: install-test ## Run the tests that take a quarter of a minute or more each
	$(BIN)/python -m pytest -m slow tests

lint: install-test ## Check style and format with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install-test ## Mend style and format with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install-test ## Check types with mypy (strict on core and teachers), on the installed package
	$(BIN)/python -m mypy -p tutelage

bench: install ## Measure the speeds the library promises, as ratios in one process (some minutes)
	$(BIN)/python -m tutelage.benchmarks.performance

docs: install-docs ## Build the documentation into docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html in a browser."

install: $(VENV)/.package ## Install the library into .venv

.PHONY: install-test install-docs
install-test: $(VENV)/.package $(VENV)/.test
install-docs: $(VENV)/.package $(VENV)/.docs

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Tutelage needs Python 3.10 or newer, $(PYTHON) is older. Try PYTHON=python3.11 make ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.package: $(VENV)/.venv constraints.txt $(SOURCES)
	@rm -rf build
	$(PIP) install --quiet -c constraints.txt .
	@rm -rf build *.egg-info
	@touch $@

$(VENV)/.test: $(VENV)/.venv pyproject.toml constraints.txt | $(VENV)/.package
	$(PIP) install --quiet -c constraints.txt '.[test]'
	@rm -rf build *.egg-info
	@touch $@

$(VENV)/.docs: $(VENV)/.venv pyproject.toml constraints.txt | $(VENV)/.package
	$(PIP) install --quiet -c constraints.txt '.[docs]'
	@rm -rf build *.egg-info
	@touch $@

clean: ## Remove .venv and what was built
	rm -rf $(VENV) build *.egg-info docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
