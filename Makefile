# Every target sets up .venv by itself. `make help` lists them.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# `make execute NOTEBOOKS="book/sine_waves.ipynb"` runs only that one; empty means all.
NOTEBOOKS ?=
# `make test PYTEST_ARGS="-k config -x"` passes options on.
PYTEST_ARGS ?=

# `make bench BENCH_ARGS=cost` runs one part only.
BENCH_ARGS ?=

# Test files and chapters run side by side, each whole in one process; `make test WORKERS=0` runs them one by one.
WORKERS ?= 2
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

# glibc hands large arrays back to the system each time: page faults, a tenth of the time of the BiLSTM with attention.
KEEP_MEMORY := MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483648

# A CPU from before AVX, as far as PyTorch and TensorFlow are concerned.
OLD_CPU := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 TF_ENABLE_ONEDNN_OPTS=0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A missing Python is reported before anything is half set up.
$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found; name another with: make PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

.PHONY: install
install: $(INSTALLED) ## set up .venv and nothing else

.PHONY: book
book: $(INSTALLED) ## build the site into _build/html; a warning is an error
	rm -rf _build # pages of the source code would be kept from the build before, with what the site loaded then
	$(BIN)/jupyter-book build . -n -W --keep-going --all

.PHONY: test
test: book ## build the site, run every test, re-run every notebook and compare its outputs
	$(ONE_THREAD) $(KEEP_MEMORY) $(BIN)/python -m pytest --nbval $(SIDE_BY_SIDE) $(PYTEST_ARGS)

.PHONY: execute
execute: $(INSTALLED) ## run the notebooks and store their outputs; NOTEBOOKS="..." for some
	$(BIN)/python tools/notebooks.py execute $(NOTEBOOKS)

.PHONY: portability
portability: $(INSTALLED) ## compare the notebooks on 1 and 2 threads and on an emulated old CPU
	$(ONE_THREAD) $(BIN)/python -m pytest --nbval $(SIDE_BY_SIDE) book $(PYTEST_ARGS)
	OMP_NUM_THREADS=2 MKL_NUM_THREADS=2 $(BIN)/python -m pytest --nbval book $(PYTEST_ARGS)
	$(ONE_THREAD) $(OLD_CPU) $(BIN)/python -m pytest --nbval $(SIDE_BY_SIDE) book $(PYTEST_ARGS)

.PHONY: bench
bench: $(INSTALLED) ## time things side by side, as ratios; BENCH_ARGS=cost or models for one part
	$(ONE_THREAD) NUMBA_NUM_THREADS=1 $(BIN)/python -m tsattn_lab.bench $(BENCH_ARGS)

.PHONY: lint
lint: $(INSTALLED) ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: clean
clean: ## remove what was built; .venv stays
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
	find src tests tools book -name __pycache__ -prune -exec rm -rf {} +
