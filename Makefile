# make run   a page that answers, on the shipped catalogue     PORT=8000 HOST=127.0.0.1
# make test  every test, in a real browser too
# make check ruff, types, tests
# make fonts Google Fonts' files, for previews in your own text and for training
# make data-small 180 families, for quick experiments and tests
VENV ?= .venv
PORT ?= 8000
HOST ?= 127.0.0.1
PYTHON ?= python3
BIN = $(VENV)/bin

.PHONY: run test check lint fonts data-small npm browser postgresql clean

run: $(VENV)/serve.stamp
	FONTKIN_FETCH_FONTS=$${FONTKIN_FETCH_FONTS:-1} $(BIN)/python -m scripts.serve --host $(HOST) --port $(PORT)

test: $(VENV)/full.stamp browser postgresql data-small
	$(BIN)/python -m pytest

check: lint test

lint: $(VENV)/full.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fonts: $(VENV)/serve.stamp npm
	$(BIN)/python -m scripts.fetch_fonts

data-small: $(VENV)/serve.stamp npm
	$(BIN)/python -m scripts.fetch_fonts --small --to data/small/fonts

# The page and the second rasteriser are tested in Chromium.
browser:
	@command -v chromium >/dev/null || test -n "$$FONTKIN_CHROMIUM" || \
	  { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  { echo "install Chromium (Debian: apt-get install chromium) or set FONTKIN_CHROMIUM" >&2; exit 1; }

# The shared catalogue is tested in a PostgreSQL that the tests start and stop themselves.
postgresql:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	  { apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; } || \
	  { echo "install PostgreSQL (Debian: apt-get install postgresql)" >&2; exit 1; }

# Fonts come from npm's packages.
npm:
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq npm >/dev/null; } || \
	  { echo "install Node.js with npm (Debian: apt-get install npm)" >&2; exit 1; }

$(VENV)/serve.stamp: requirements-serve.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-serve.txt
	touch $@

$(VENV)/full.stamp: requirements.txt requirements-serve.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@ $(VENV)/serve.stamp

clean:
	rm -rf $(VENV) build
