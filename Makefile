# Culture Connect. `make help` tells what there is.

PYTHON ?= python3
# How many processes share the tests; each has servers of its own. They wait as much as they work: one more than cores.
JOBS ?= 3
BIN := .venv/bin
STAMP := .venv/.installed
SERVICES := $(patsubst services/%/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
MEMBERS := shared $(SERVICES:%=services/%) deploy/cli
PROJECTS := $(MEMBERS:%=%/pyproject.toml)
CODE := shared services deploy tests

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-emit-package culture-connect --no-emit-package culture-connect-cli \
	$(SERVICES:%=--no-emit-package culture-connect-%)

.PHONY: help setup demo up test containers check format events bench storm lock
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## the virtual environment in .venv; the others do this by themselves

$(STAMP): requirements.txt deploy/bootstrap.txt deploy/setup.sh $(PROJECTS)
	@PYTHON="$(PYTHON)" sh deploy/setup.sh $(MEMBERS)
	@touch $@

demo: $(STAMP) ## everything on this machine, and a season played on it; Ctrl-C ends it
	@$(BIN)/culture-connect demo

up: $(STAMP) ## everything on this machine, and nothing played; Ctrl-C ends it
	@$(BIN)/culture-connect up

test: check ## all checks, then all tests on servers of their own; ARGS="-k some" chooses tests
	$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadgroup --no-loadscope-reorder $(ARGS)

containers: $(STAMP) ## images, Compose and the cluster, really run; needs a Docker engine, or root on Debian
	$(BIN)/python -m tests.containers $(ARGS)

check: $(STAMP) ## style, types, borders between packages, words, generated documents
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy --num-workers=2 $(CODE)
	@for service in $(notdir $(wildcard services/*)); do \
		$(BIN)/mypy services/$$service/migrations/env.py services/$$service/migrations/versions/*.py || exit 1; \
	done
	$(BIN)/lint-imports --no-cache
	$(BIN)/python deploy/check/words.py
	$(BIN)/python -m culture_connect.contracts.docs --check

format: $(STAMP) ## puts right what can be put right by itself
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

events: $(STAMP) ## the documents, schemas and golden files of the messages on the bus, from their catalogue
	$(BIN)/python -m tests.contracts

bench: $(STAMP) ## how fast it is, in proportion to baselines on the same machine
	$(BIN)/python -m tests.benchmarks

storm: $(STAMP) ## the whole system, broken at random under load: ARGS="--seed 7 --breaks 300"; see docs/faults.md
	$(BIN)/python -m tests.storm $(ARGS)

lock: $(STAMP) ## compiles the lists of dependencies anew; ARGS=--upgrade takes newer versions
	$(COMPILE) $(ARGS) --group dev $(PROJECTS) -o requirements.txt
	deploy/docker/lock
	echo uv | $(COMPILE) -c requirements.txt --no-annotate - -o deploy/bootstrap.txt
