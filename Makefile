# Needs Python 3.11, 3.12 or 3.13 and make; everything else is installed into .venv, in the versions of requirements.lock.

PYTHON ?= python3
# Tried in this order; PYTHON=/some/python puts another one first.
PYTHONS := $(PYTHON) python3.13 python3.12 python3.11
ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
# The plugin of schemathesis takes half a second to import, in each worker; `make contract` runs it by itself.
PYTEST := $(BIN)/pytest -p no:schemathesis -n auto --maxprocesses 4 --dist worksteal

# Compiled modules are kept, whatever the shell says: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help run test check quick fmt bench eval torture soak fuzz lock clean

help: ## show this list
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / { printf "  make %-9s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## import the sample exports with a daemon of their own and show the result
	$(BIN)/python examples/run_sample.py $(ARGS)

test: $(READY) ## run the test suite but for its slowest; ARGS="-k words" runs a part of it
	$(PYTEST) -m "not torture and not slow" --hypothesis-profile=short $(ARGS)

check: quick ## run everything a change must pass: lint, types, imports, and the test suite with its coverage
	$(PYTEST) -m "not torture" --cov --cov-report=term-missing:skip-covered $(ARGS)

# The part of `check` that takes seconds, quickest first.
quick: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry daemon stages packages_store
	$(BIN)/mypy

fmt: $(READY) ## format the code and repair what the linter can repair
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

bench: $(READY) ## measure, and print a table
	$(BIN)/python -m bench $(ARGS)

eval: $(READY) ## score the engines on the golden conversations; a live one too when LOOM_ENGINE__BASE_URL names it
	$(BIN)/python -m tests.golden

torture: $(READY) ## kill the daemon over and over and count what was lost; ARGS="--kills 24" for a short run, --engine llm
	$(BIN)/python -m tests.torture $(ARGS)

soak: $(READY) ## load a daemon for five minutes and measure whether it grows; ARGS="--seconds 60" for a short run, --hardships
	$(BIN)/python -m tests.soak $(ARGS)

fuzz: $(READY) ## feed every parser 100,000 broken documents; ARGS="--documents 2000" for a short run
	$(BIN)/python -m tests.fuzz $(ARGS)

contract: $(READY) ## make 9,000 requests from the API's own document; ARGS="--examples 4" for a short run
	$(BIN)/python -m tests.contract $(ARGS)

# Keeps the versions that still fit. Neither the addresses of an index nor those of a package may stand in the lock, and the package
# python-daemon may not either: it would install another `daemon` over ours.
lock: $(READY) ## bring requirements.lock in line with pyproject.toml; ARGS=--upgrade takes newer versions
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links --quiet --output-file requirements.lock $(ARGS) > /dev/null
	@! grep -nE '://| @ |^-|^python-daemon' requirements.lock

clean: ## remove caches, reports and built files; .venv stays
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.* coverage.xml htmlcov build dist
	find . -name .venv -prune -o -name .git -prune -o -type d -name __pycache__ -exec rm -rf {} +

# The environment. An interpreter counts only when it runs and can make environments: a name in the PATH may be an empty shim.
$(READY): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '' 2> /dev/null; then \
		for python in $(PYTHONS); do \
			if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2> /dev/null; then \
				echo "making .venv with $$("$$python" --version)"; \
				exec "$$python" -m venv --clear .venv; \
			fi; \
		done; \
		echo "entity-loom needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian: apt install python3-venv); none was found" \
			"among: $(PYTHONS). Point to one with: make PYTHON=/path/to/python" >&2; \
		exit 1; \
	fi
	@echo "installing the versions of requirements.lock into .venv"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
