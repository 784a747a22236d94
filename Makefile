# Contact Sheet. `make run` and `make test` do everything on a fresh machine; `make help` lists all.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# What Python's and npm's packages need beyond themselves, as Debian 13, Ubuntu 24.04 and Debian 12
# call it.
APT_RUN  := 'libmagickwand-7.q16-10|libmagickwand-6.q16-7t64|libmagickwand-6.q16-6' 'libturbojpeg0|libturbojpeg' libseccomp2
APT_NODE := 'nodejs>=20' npm
APT_TEST := 'chromium|chromium-browser' fonts-dejavu-core
APT_S3   := radosgw ceph-mon ceph-osd ceph-common
APT_BOX  := podman runc

# Homebrew's libraries are not where the loader looks by itself.
ifeq ($(shell uname -s),Darwin)
export MAGICK_HOME ?= $(shell brew --prefix 2>/dev/null)
endif

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## /{printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Installing -------------------------------------------------------------------------------

$(VENV)/.run: requirements/local.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON to one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { command -v apt-get >/dev/null && $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q python3-venv; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/local.txt
	@touch $@

$(VENV)/.test: requirements/dev.txt $(VENV)/.run
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.audit: requirements/audit.txt $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/audit.txt
	@touch $@

# Asked each time: it costs a tenth of a second, and says at once what is missing.
.PHONY: system
system:
	@./scripts/install-system $(APT_RUN)

.PHONY: system-test
system-test: system
	@./scripts/install-system $(APT_TEST)

node_modules/.package-lock.json: package.json package-lock.json
	@{ command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; } || \
		./scripts/install-system $(APT_NODE) || { echo "Node.js 20 or newer, with npm, is needed: https://nodejs.org"; exit 1; }
	npm ci --no-audit --no-fund
	@touch $@

STATIC := $(shell find services/web/static -name dist -prune -o -type f -print 2>/dev/null)
services/web/static/dist/manifest.json: node_modules/.package-lock.json $(STATIC)
	npm run --silent build

.PHONY: build
build: services/web/static/dist/manifest.json ## Build the page's scripts and styles

.PHONY: install
install: system $(VENV)/.run build ## Install what `make run` needs

# --- Running ----------------------------------------------------------------------------------

.PHONY: run
run: install ## Start the whole product locally: S3, resize, gallery
	@exec $(BIN)/python -m services.local

.PHONY: owner
owner: install ## Print a link that signs you in as the owner of what `make run` runs
	@$(BIN)/python -m services.owner link --local

.PHONY: doctor
doctor: install ## Check the product that `make run` runs, one line a check, with the fix
	@$(BIN)/python -m services.doctor --local

# --- Checking ---------------------------------------------------------------------------------

# Coverage slows the tests by a third, so it has a target of its own. A browser's tests of one file
# share a gallery: each file stays in one process.
MAIN_TESTS := -n 2 -m "not images and not machines" --ignore tests/browser --ignore tests/s3/ceph --ignore tests/rehearsal
PAGE_TESTS := -n 2 --dist loadfile tests/browser

.PHONY: test
test: system-test $(VENV)/.test build ## Install what is missing and pass every test
	$(BIN)/python -m pytest $(MAIN_TESTS)
	$(BIN)/python -m pytest $(PAGE_TESTS)

.PHONY: coverage
coverage: system-test $(VENV)/.test build ## Say which lines and branches no test runs
	$(BIN)/python -m pytest $(MAIN_TESTS) --cov --cov-report=
	$(BIN)/python -m pytest $(PAGE_TESTS) --cov --cov-append --cov-report=term:skip-covered

.PHONY: attack
attack: system-test $(VENV)/.test build ## Attack the whole product on loopback, as a stranger with the source would
	$(BIN)/python -m pytest tests/product/test_attack.py

.PHONY: images
images: build ## Build both container images, with Docker or without
	./scripts/build-images

.PHONY: test-images
test-images: system-test $(VENV)/.audit build ## Build the images and run the functions in them
	@./scripts/install-system $(APT_BOX)
	$(BIN)/python -m pytest -m images tests/deploy/images

.PHONY: test-machines
test-machines: $(VENV)/.test ## Run `make run` on a bare Debian 13, and check the locks elsewhere
	$(BIN)/python -m pytest -m machines tests/machines

.PHONY: rehearse
rehearse: system-test $(VENV)/.test build ## Deploy to an emulated AWS as the README says, and use it
	@./scripts/install-system podman runc openssl
	$(BIN)/python -m pytest tests/rehearsal

.PHONY: sbom
sbom: $(VENV)/.audit images ## Write what is in the images, as CycloneDX, to build/sbom
	$(BIN)/python scripts/sbom.py

.PHONY: audit
audit: $(VENV)/.audit node_modules/.package-lock.json ## Look for known vulnerabilities in what is locked
	./scripts/audit

.PHONY: bench
bench: system $(VENV)/.test images ## Compare the engine, in its image, with sharp, pyvips, Pillow and plain Wand
	@./scripts/install-system bubblewrap
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.txt
	npm ci --prefix benchmarks --no-audit --no-fund
	$(BIN)/python -m benchmarks.bench_resize $(BENCH)

.PHONY: fuzz
fuzz: system $(VENV)/.test ## Feed the engine broken pictures for a minute, guided by coverage
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/fuzz.txt
	$(BIN)/python -m tests.imaging.fuzz -max_total_time=60 -print_final_stats=1

.PHONY: test-s3
test-s3: system-test $(VENV)/.test build ## Run the S3 suite and the whole product on Ceph, which it installs
	@./scripts/install-system $(APT_S3)
	$(BIN)/python -m pytest tests/s3 --s3 ceph

.PHONY: reliability
reliability: system-test $(VENV)/.test build ## Provoke every failure and write a report to build/
	$(BIN)/python -m pytest -p tests.reliability tests/faults tests/resize/test_events.py \
		tests/resize/test_publish.py tests/imaging/test_child.py tests/product/test_run.py

.PHONY: soak
soak: system-test $(VENV)/.test build ## For minutes: events, crashes and deletes in any order; a wall's night; 8 GB as a ZIP
	FAULTS=soak $(BIN)/python -m pytest tests/faults/test_any_order.py
	FAULTS=soak $(BIN)/python -m pytest -s tests/browser -k "many_photos or a_night"

.PHONY: check
check: $(VENV)/.test ## Lint, format and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: format
format: $(VENV)/.test ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: $(VENV)/.test ## Lock the Python dependencies anew, with hashes
	./scripts/lock

.PHONY: clean
clean: ## Remove what was installed and built; not what was uploaded
	rm -rf $(VENV) node_modules services/web/static/dist build .mypy_cache .ruff_cache .pytest_cache
