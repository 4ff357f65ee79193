# A thin face of `python -m publishing VERB`; on Windows run that instead.
#   make book        environment, execution of what is stale, the site in _build/html
#   make test        everything that must hold;  make test-fast  what to run every few minutes
#   make serve · make lab · make new L=cnn/name · make lesson L=cnn/name · make bench · make clean

PYTHON ?= python3
UV_VERSION = 0.13.8
VENV = .venv
BIN = $(VENV)/bin
RUN = $(BIN)/python -m
READY = $(VENV)/ready
NODE_READY = assets/node_modules/ready

.PHONY: book serve lab new lesson test test-fast test-notebooks soak bench pins clean
.DELETE_ON_ERROR:

book: $(READY) $(NODE_READY)
	@$(RUN) publishing book

serve: book
	@$(RUN) publishing serve

lab: $(READY)
	@$(RUN) publishing lab

# Execute one lesson again and build its page: make lesson L=cnn/lenet
lesson: $(READY) $(NODE_READY)
	@$(RUN) publishing execute $(L)
	@$(RUN) publishing book

# Begin a lesson: make new L=cnn/name
new: $(READY)
	@$(RUN) publishing new $(L)

test: $(READY) $(NODE_READY)
	@$(RUN) tests

test-fast: $(READY) $(NODE_READY)
	@$(RUN) tests fast

# Every notebook, as this processor computes and as an older one does.
test-notebooks: $(READY)
	@$(RUN) tests notebooks

soak: $(READY)
	@$(RUN) pytest -q -m soak tests/lesson_utils

bench: $(READY)
	@$(RUN) tests.bench.bench_runner

# Resolve the pins anew from the ranges in pyproject.toml.
pins: $(READY)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
	    --no-annotate --no-header --no-emit-index-url -o requirements.txt

clean:
	@$(RUN) publishing clean

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or later is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE_READY): assets/package-lock.json
	@command -v npm >/dev/null || { echo "error: Node.js with npm is needed (https://nodejs.org)" >&2; exit 1; }
	npm ci --prefix assets --silent --no-audit --no-fund
	@touch $@
