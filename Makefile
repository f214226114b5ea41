# make quick   set up, take a first look       make demo   the whole default study       make test   the tests
# The virtual environment holds exactly what requirements.lock names.

PYTHON ?= python3
CORES ?= all
# processes that share the tests
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced
STUDY := $(shell sed -n 's/^study: *\([a-z0-9_]*\).*/\1/p' config.yaml)
RESULTS := results/$(STUDY)
PEERS := resources/peers
AUDIT := resources/audit
# the question, what else can be learned, and the published examples
EVERYTHING := all extras published
# the tools of the environment, and nothing of the user's Python set-up
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONPATH

.PHONY: help setup quick demo report test test-slow test-all bench bench-peers bench-scale bench-explorer bench-gpu lint format docs timm-models lock audit clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

setup: $(STAMP) ## the virtual environment

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"Python 3.11 or newer is needed, this is {v.major}.{v.minor}; call make PYTHON=python3.12" if v < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	@touch $(STAMP)

quick: $(STAMP) ## a first look: four models, 16 images, two minutes, and its report
	snakemake --cores $(CORES) --configfile studies/quick.yaml
	@snakemake --report results/quick/report.html --quiet all --configfile studies/quick.yaml
	@echo
	@echo "The report: $(CURDIR)/results/quick/report.html"

demo: $(STAMP) ## the digits study, its extras, the published examples, and the report
	snakemake --cores $(CORES) $(EVERYTHING)
	@$(MAKE) --no-print-directory report
	@echo
	@echo "Made $(RESULTS)/:"
	@printf '  %-52s %s\n' \
	  "$$(ls $(RESULTS)/weights/*.safetensors | wc -l) models, their accuracy" "$(RESULTS)/predictions/accuracy.csv" \
	  "$$(ls $(RESULTS)/explanations/*/*.nc | wc -l) sets of maps" "$(RESULTS)/explanations/<method>/<model>.nc" \
	  "$$(ls $(RESULTS)/dissimilarity/*/*/*_pairs.parquet | wc -l) dissimilarity matrices" "$(RESULTS)/dissimilarity/<method>/<metric>/<subset>.csv" \
	  "$$(find $(RESULTS)/figures -name '*.svg' | wc -l) figures (SVG, PNG, and the CSV behind each)" "$(RESULTS)/figures/"
	@echo
	@echo "Look first at the report: $(CURDIR)/$(RESULTS)/report/report.html"
	@echo "(to send it: $(RESULTS)/report.zip), or at the explorer: $(RESULTS)/explorer.html"

report: $(STAMP) ## the Snakemake report of the digits study
	snakemake $(EVERYTHING) --report $(RESULTS)/report.zip
	@rm -rf $(RESULTS)/report
	@python -m zipfile -e $(RESULTS)/report.zip $(RESULTS)

test: $(STAMP) ## what matters, in minutes: all units, a whole study, what runs again, what breaks
	OMP_NUM_THREADS=1 python -m pytest --numprocesses $(WORKERS) --dist worksteal -m "not slow"

test-slow: $(STAMP) ## the rest: all architectures, walk-throughs, SLURM, long simulations
	OMP_NUM_THREADS=1 python -m pytest --numprocesses $(WORKERS) --dist loadgroup -m slow

test-all: test test-slow ## all tests

bench: $(STAMP) ## measure against other libraries, an hour: results/benchmarks, docs (first bench-peers)
	snakemake --cores $(CORES) weights data
	OMP_NUM_THREADS=1 python -m benchmarks.explainers
	python -m benchmarks.explainers --docs
	OMP_NUM_THREADS=1 python -m benchmarks.shapley
	python -m benchmarks.shapley --docs
	OMP_NUM_THREADS=1 python -m benchmarks.neon
	python -m benchmarks.neon --docs
	OMP_NUM_THREADS=1 python -m benchmarks.lrp
	python -m benchmarks.lrp --docs
	OMP_NUM_THREADS=1 python -m benchmarks.gates
	python -m benchmarks.gates --docs
	OMP_NUM_THREADS=1 python -m benchmarks.statistics
	python -m benchmarks.statistics --docs

bench-explorer: $(STAMP) ## measure the explorer's page, ten minutes (after make demo): docs/measured/explorer.md
	OMP_NUM_THREADS=1 python -m benchmarks.explorer --study results/digits
	python -m benchmarks.explorer --docs

bench-peers: $(STAMP) ## the newest peers of KernelSHAP for bench: resources/peers (Python 3.11: with a C compiler)
	python -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python \
	  --require-hashes --upgrade --target $(PEERS) --requirement benchmarks/peers.txt
	@# Python 3.11 has no `type` statement; the two are of type checkers alone
	sed -i.3.12 's/^    type \([A-Za-z]*\) = /    \1 = /' $(PEERS)/shapiq/tree/conversion/lightgbm.py

bench-scale: $(STAMP) ## measure up to 100 models and 50,000 images, an hour: docs/measured/scale.md
	OMP_NUM_THREADS=1 python -m benchmarks.scale
	python -m benchmarks.scale --docs

bench-gpu: $(STAMP) ## measure on a GPU, eight minutes: docs/measured/gpu.md
	OMP_NUM_THREADS=1 python -m benchmarks.gpu
	python -m benchmarks.gpu --docs

lint: $(STAMP) ## code style of Python and Snakemake, types, those of JavaScript too
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules replication
	snakemake --lint
	mypy
	.ci/lint_javascript

format: $(STAMP) ## bring the code into that style
	ruff check --fix .
	ruff format .
	snakefmt Snakefile rules replication

docs: $(STAMP) ## generate pages, run the notebooks, build the site: docs/_build/html/index.html
	python -m docs.tools.generate
	python -m docs.tools.method_cards
	python -m docs.tools.notebook
	sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build/html

timm-models: $(STAMP) ## what timm's architectures take and which methods explain them: an hour, goes on
	python -m docs.tools.timm_models
	python -m docs.tools.model_support

LOCKED := --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --quiet
lock: ## resolve requirements.lock and .ci/audit.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev $(LOCKED) --output-file requirements.lock
	$(BIN)/uv pip compile --group pyproject.toml:audit $(LOCKED) --output-file .ci/audit.lock

audit: $(STAMP) ## known vulnerabilities of what requirements.lock names (asks a public service)
	$(BIN)/uv venv --quiet --clear $(AUDIT)
	$(BIN)/uv pip sync --quiet --require-hashes --python $(AUDIT)/bin/python .ci/audit.lock
	$(AUDIT)/bin/pip-audit --requirement requirements.lock --require-hashes \
	  --disable-pip --strict --progress-spinner off

clean: ## remove results, resources and the site (keeps the environment)
	rm -rf results/* resources/* .snakemake docs/_build
