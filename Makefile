# Every target makes the virtual environment it needs, once, and reuses it.
PYTHON ?= python3
VENV ?= .venv
OLDEST ?= .venv-oldest
# One worker per core; each test process keeps torch to one thread.
WORKERS ?= auto
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo test support test-full test-oldest lint format alternatives gpu clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
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

.venv-peers/.done: constraints.txt
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch scikit-learn==1.9.1 pandas skl2onnx onnxruntime hummingbird-ml
	@touch $@

.venv-original/.done: constraints.txt
	test -x .venv-original/bin/python || $(PYTHON) -m venv .venv-original
	.venv-original/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch scikit-learn==1.9.1 pandas sk2torch==1.2.0
	@touch $@

alternatives: $(VENV)/.dev .venv-peers/.done .venv-original/.done ## which fitted models other converters answer, and how exactly
	$(BIN)/python benchmarks/alternatives.py --peer hummingbird=.venv-peers/bin/python \
		--peer skl2onnx=.venv-peers/bin/python --peer original-sk2torch=.venv-original/bin/python

gpu: $(VENV)/.dev ## tests that need a CUDA device; says so and succeeds where there is none
	@if $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		$(BIN)/python -m pytest -m gpu; \
	else \
		echo 'no CUDA device: nothing to run'; \
	fi

clean: ## remove the environments and what the demo wrote
	rm -rf $(VENV) $(OLDEST) .venv-peers .venv-original demo-output
