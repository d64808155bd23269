# `make demo` and `make test` do all the set-up they need; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help setup dev demo image test check unit bench docs lock fix clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## the toolkit in .venv
	@scripts/setup

dev: ## the toolkit and everything to work on it
	@scripts/setup --dev

demo: setup ## the main job on examples/hello, set-up included
	@scripts/stack up
	@scripts/demo

image: ## the toolkit's own container image, ci-toolkit:dev
	@scripts/image

test: dev ## everything that CI runs
	@scripts/stack up --tests
	@scripts/check & checked=$$!; scripts/image; built=$$?; wait $$checked && exit $$built
	@eval "$$(scripts/stack env)" && .venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder tests

check: dev ## lint, types, import layers
	@scripts/check

unit: dev ## the quick tests, without any real part
	@.venv/bin/pytest tests/unit tests/contract

bench: dev ## speed, as ratios against peers in one run
	@scripts/stack up --tests
	@scripts/image
	@eval "$$(scripts/stack env)" && .venv/bin/python -m bench

docs: dev ## GitLab templates, option tables and command help, made again from their sources
	@.venv/bin/python scripts/generate_templates.py
	@.venv/bin/python scripts/generate_docs.py

lock: ## newest pinned dependencies
	@scripts/lock

fix: dev ## formatting and what ruff mends by itself
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

clean: ## away with caches and the virtual environment
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
