# setup run video notebooks test check bench clean. The first one that is called installs everything.

export PROMPT ?= a red sailboat at sunset
PYTHON ?= $(shell command -v python3.11 || command -v python3)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup run video notebooks test check bench clean
.DELETE_ON_ERROR:

setup: $(READY)

# torch first and alone: any other package would take the newest one with it.
$(READY): requirements.txt requirements-nodeps.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'OurVidz needs Python 3.11 or newer; set PYTHON=/path/to/python3.11'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet "$$(sed -n 's/^\(torch==[^ ]*\).*/\1/p' requirements.txt)"
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip install --quiet --no-deps -r requirements-nodeps.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@$(BIN)/python -c 'import skia' 2>/dev/null || $(MAKE) --no-print-directory skia-libraries
	@touch $@

# The renderer of the starter's world links against these; making videos does not need them.
.PHONY: skia-libraries
skia-libraries:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -qq -y --no-install-recommends libgl1 libegl1; \
	else \
		echo 'To train the starter model or run the tests, install libgl1 and libegl1' \
			'(Debian, Ubuntu: sudo apt-get install libgl1 libegl1).'; \
	fi

# Servers, a worker and the app; Ctrl-C stops all of it.
run: setup
	@$(BIN)/ourvidz up

# Jupyter wants to be asked to run as root.
notebooks: setup
	$(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks

video: setup
	@$(BIN)/python -m ourvidz.cli video "$$PROMPT"

# Gradio writes stubs beside our widgets when they are imported; the checker would believe them.
check: setup
	@rm -f ourvidz/web/widgets/*.pyi
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports

# Two processes share the tests, a file each; more threads would only wait for each other.
test: check chromium
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

# The browser of the tests; without it they say that they were skipped.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; \
	else \
		echo 'Without chromium the browser tests are skipped' \
			'(Debian, Ubuntu: sudo apt-get install chromium).'; \
	fi

bench: setup
	@set -e; for file in $$(grep -l __main__ benchmarks/*.py); do \
		$(BIN)/python -m benchmarks.$$(basename $$file .py); \
	done

# Keeps finished videos (out/) and the training cache (.cache/).
clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .import_linter_cache
	find ourvidz tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
