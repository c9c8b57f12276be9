# make run   a page that answers, on the shipped catalogue     PORT=8000 HOST=127.0.0.1
# make test  every test, in a real browser too
# make check ruff, types, shell scripts, image and workflow, tests
# make setup the environment for bin/fontkin, without starting anything
# make fonts Google Fonts' files, for previews in your own text and for training
# make pipeline fetch, train, export, index, benchmark: what is not up to date (dvc.yaml)
# make prove  a whole server in a fresh Debian, held to 1 GB (as root, in FOLDER; SUITE=jammy MIRROR=)
# make data-small 180 families, for quick experiments and tests
VENV ?= .venv
PORT ?= 8000
HOST ?= 127.0.0.1
PYTHON ?= # the newest that is here and can be used
BIN = $(VENV)/bin
# made_in FOLDER: an environment there; one that was broken off is mended.
made_in = $(1)/bin/python -m pip --version >/dev/null 2>&1 || { \
  python=$(or $(PYTHON),$$(. deploy/python.sh && found_python)) && $$python -m venv $(1); }

.PHONY: lock run setup test check lint fonts data-small npm pipeline prove programs clean

run: $(VENV)/serve.stamp
	FONTKIN_FETCH_FONTS=$${FONTKIN_FETCH_FONTS:-1} $(BIN)/python -m scripts.serve --host $(HOST) --port $(PORT)

setup: $(VENV)/serve.stamp

test: $(VENV)/full.stamp $(VENV)-dvc/dvc.stamp programs data-small
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

check: lint test

lint: $(VENV)/full.stamp
	$(BIN)/python -m scripts.check_versions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/shellcheck -x bin/fontkin .ci/run .ci/*.sh deploy/*.sh scripts/*.sh
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck
	$(BIN)/hadolint Dockerfile
	$(BIN)/yamllint --strict .github compose.yaml dvc.yaml params.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

# After a change of requirements-serve.txt: the hashes of every wheel, for all Pythons and machines.
lock: $(VENV)/full.stamp
	$(BIN)/pip-compile --quiet --generate-hashes --no-header --no-annotate --allow-unsafe \
	  --strip-extras --no-emit-index-url --no-emit-find-links --output-file requirements-serve.lock requirements-serve.txt

fonts: $(VENV)/serve.stamp npm
	$(BIN)/python -m scripts.fetch_fonts

data-small: $(VENV)/serve.stamp npm
	$(BIN)/python -m scripts.fetch_fonts --small --to data/small/fonts

pipeline: $(VENV)/full.stamp $(VENV)-dvc/dvc.stamp npm
	$(VENV)-dvc/bin/dvc repro

prove:
	@.ci/programs.sh debootstrap=debootstrap systemd-nspawn=systemd-container
	deploy/prove.sh $(or $(FOLDER),build/prove) $(or $(SUITE),bookworm) $(MIRROR)

# What the tests drive for real: a browser, a database, SSH, a web server, shells.
programs: npm
	@test -n "$$FONTKIN_CHROMIUM" || .ci/programs.sh chromium=chromium
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || .ci/programs.sh initdb=postgresql
	@.ci/programs.sh git=git ps=procps nginx=nginx-light sshd=openssh-server ssh=openssh-client \
	  curl=curl openssl=openssl rsync=rsync zsh=zsh fish=fish

# Fonts come from npm's packages.
npm:
	@.ci/programs.sh npm=npm

$(VENV)/serve.stamp: requirements-serve.lock
	@$(call made_in,$(VENV))
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-serve.lock
	touch $@

$(VENV)/full.stamp: requirements.txt requirements-serve.txt requirements-cluster.txt requirements-train.txt
	@$(call made_in,$(VENV))
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@ $(VENV)/serve.stamp

# The pipeline's tool has packages of its own: some of them are other versions than ours.
$(VENV)-dvc/dvc.stamp: requirements-dvc.txt
	@$(call made_in,$(VENV)-dvc)
	$(VENV)-dvc/bin/pip install --quiet --disable-pip-version-check -r requirements-dvc.txt
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-dvc build
