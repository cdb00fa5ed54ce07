# Everything runs in .venv, which is made on first use; only gpu-* use the machine's own Python.

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test conformance docs kernels generated kernels-report mutants lint bench gpu-check gpu-first gpu-full format clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: $(VENV)  ## train a small network; the picture goes to out/moons.png
	$(BIN)/python examples/moons.py --out out/moons.png

# Of two processes each takes whole files. A GPU is hidden: tests give CuPy arrays in the host's memory.
test: export CUDA_VISIBLE_DEVICES :=
test: $(VENV)  ## run the tests in two processes; ARGS="-k tape" or ARGS="-n 0" are passed on
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

# The suite makes its arrays by the namespace it tests: here they are plain, or recorded.
conformance: export PYTHONPATH := $(CURDIR)
conformance: LISTS := $(CURDIR)/tests/conformance
conformance: $(VENV)  ## run the array-API test suite of which SUITE=DIR is a checkout
	@test -d "$(SUITE)/array-api/src" || { echo "clone the suite with its submodule:" \
	  "git clone --recursive https://github.com/data-apis/array-api-tests DIR;" \
	  "then make conformance SUITE=DIR" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet -r "$(SUITE)/requirements.txt"
	cd "$(SUITE)" && for arrays in plain constants reverse forward; do \
	  case $$arrays in plain|constants) skips=/dev/null;; *) skips="$(LISTS)/skips.txt";; esac; \
	  ARRAY_API_TESTS_MODULE="exec('from tests.conformance.recorded import $$arrays as xp')" \
	  "$(CURDIR)/$(BIN)/python" -m pytest array_api_tests -q -rfE -W ignore --disable-deadline \
	    --xfails-file="$(LISTS)/xfails.txt" \
	    --skips-file="$$skips" $(ARGS) || exit 1; \
	done

docs: $(VENV)  ## write docs/functions.md, from the rule book and the samples
	$(BIN)/python docs/function_table.py

kernels: $(VENV)  ## write cuda_kernels/elementwise.cuh, from the rule book
	$(BIN)/python -c "import gpugrad; from gpugrad.kernels import device_functions as d; d.write()"

generated: docs kernels  ## write both of these

kernels-report: $(VENV)  ## write docs/kernel_resources.md: what each kernel takes on each device
	$(BIN)/python -m tests.kernels.report

mutants: $(VENV)  ## which changes of a rule does no test notice? ARGS="special fft"
	$(BIN)/python -m tests.mutate $(ARGS)

lint: $(VENV)  ## check style, types, layers, the Dockerfile and device code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	find cuda_kernels -name '*.cu*' -exec $(BIN)/clang-format --dry-run -Werror {} +

# One BLAS thread, and an allocator that keeps its pages: otherwise the ratios measure the machine.
bench: export OPENBLAS_NUM_THREADS = 1
bench: export OMP_NUM_THREADS = 1
bench: export MKL_NUM_THREADS = 1
bench: export MALLOC_MMAP_THRESHOLD_ = 33554432
bench: export MALLOC_TRIM_THRESHOLD_ = 1073741824
bench: export MALLOC_TOP_PAD_ = 67108864
bench: $(VENV)  ## measure on this machine
	$(BIN)/python -m pytest benchmarks -q $(ARGS)

gpu-first:  ## on a GPU machine, 5 minutes: tests, and what has a goal measured, to OUT=DIR
gpu-full:  ## on a GPU machine, 5 minutes: a closer look, and all measured; FIRST=DIR of gpu-first
gpu-check:  ## on a GPU machine, 10 minutes: both
gpu-first: HALVES := first
gpu-full: HALVES := full
gpu-check: HALVES := first full
gpu-first gpu-full gpu-check:
	@test -n "$(OUT)" || { echo "say where results go: make $@ OUT=DIR" >&2; exit 2; }
	$(PYTHON) -m tests.gpu.check $(HALVES) --out "$(OUT)" $(if $(FIRST),--first "$(FIRST)") $(ARGS)

format: $(VENV)  ## mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find cuda_kernels -name '*.cu*' -exec $(BIN)/clang-format -i {} +

clean:  ## remove the environment, caches and outputs
	rm -rf .venv out dist .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev,examples]'
	touch $@
