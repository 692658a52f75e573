# Every target makes the virtual environment it needs, once, and reuses it.
PYTHON ?= python3
VENV ?= .venv
OLDEST ?= .venv-oldest
BENCH ?= .venv-bench
ORIGINAL ?= .venv-original
# The release that every converter is measured with.
BENCH_PINS = scikit-learn==1.9.1
# Options of `python -m benchmarks.run`, such as ARGS='--only forest'.
ARGS ?=
# One worker per core; each test process keeps torch to one thread.
WORKERS ?= auto
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Installing compiles them.
NATIVE = hatch_build.py $(wildcard sk2torch/native/*.[ch] sk2torch/native/*.inc sk2torch/native/kernels/*)
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo test support test-full test-oldest lint format bench performance alternatives gpu clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt $(NATIVE) | $(BIN)/python
	$(INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(NATIVE) | $(BIN)/python
	$(INSTALL) -e '.[dev]'
	@touch $@

$(OLDEST)/.dev: pyproject.toml constraints.txt constraints-oldest.txt
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-oldest.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.demo ## fit two pipelines on 336,776 flights, convert, verify, export, time; writes demo-output/
	$(BIN)/python examples/flights.py --output demo-output
	$(BIN)/python examples/svm_vector_field.py --output demo-output/svm_vector_field.png

test: $(VENV)/.dev ## the test suite
	$(PYTEST) --record=build/contract.json
	$(BIN)/python -m tests.support --check build/contract.json

support: $(VENV)/.dev ## write docs/support.md from the registry and the contract tests
	$(PYTEST) tests/contract --record=build/contract.json
	$(BIN)/python -m tests.support build/contract.json

test-full: $(VENV)/.dev ## the whole cross product of cases and capabilities
	$(PYTEST) --full

test-oldest: $(OLDEST)/.dev ## surface and parity against the oldest supported scikit-learn
	$(OLDEST)/bin/python -m pytest -n $(WORKERS) tests/contract/test_surface.py tests/contract/test_parity.py

lint: $(VENV)/.dev ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/.dev ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BENCH)/.done: pyproject.toml constraints.txt $(NATIVE)
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]' $(BENCH_PINS)
	@touch $@

$(ORIGINAL)/.done: constraints.txt
	test -x $(ORIGINAL)/bin/python || $(PYTHON) -m venv $(ORIGINAL)
	$(ORIGINAL)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch pandas sk2torch==1.2.0 $(BENCH_PINS)
	@touch $@

bench: $(BENCH)/.done $(ORIGINAL)/.done ## speed beside other converters, half an hour; writes benchmarks/results/ and docs/performance.md
	$(BENCH)/bin/python -m benchmarks.run --original $(ORIGINAL)/bin/python $(ARGS)
	$(BENCH)/bin/python -m benchmarks.performance

performance: $(VENV)/.dev ## write docs/performance.md from benchmarks/results/
	$(BIN)/python -m benchmarks.performance

alternatives: $(VENV)/.dev $(BENCH)/.done $(ORIGINAL)/.done ## which fitted models other converters answer, and how exactly
	$(BIN)/python benchmarks/alternatives.py --peer hummingbird=$(BENCH)/bin/python \
		--peer skl2onnx=$(BENCH)/bin/python --peer original-sk2torch=$(ORIGINAL)/bin/python

$(VENV)/.gpu: $(VENV)/.dev
	$(INSTALL) -e '.[dev,bench]'
	@touch $@

gpu: $(VENV)/.gpu ## tests and figures that need a CUDA device (then `make performance`); says so where there is none
	@if $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		$(BIN)/python -m pytest -n 8 --dist worksteal -m gpu; tests=$$?; \
		$(BIN)/python -m benchmarks.gpu && exit $$tests; \
	else \
		echo 'no CUDA device: nothing to run'; \
	fi

clean: ## remove the environments and what the demo wrote
	rm -rf $(VENV) $(OLDEST) $(BENCH) $(ORIGINAL) demo-output
