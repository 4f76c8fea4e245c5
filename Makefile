# Everything is installed into .venv from package registries; nothing outside this folder is changed.
# `make bench` alone asks Debian for wrk, nginx and HAProxy.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The tiers that exist, in this order. `make test TIERS=unit` runs one.
TIERS ?= unit interface functional clients

# Without compiled modules every start of the daemon costs a second.
unexport PYTHONDONTWRITEBYTECODE
# A caller's own packages and settings stay out.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help venv lint format test sandbox sandbox-stop sandbox-shell bench bench-scale race simulate docs reference clean

help:
	@echo "make venv           install Trio2o and its tools into $(VENV)"
	@echo "make lint           ruff, mypy, import-linter"
	@echo "make format         let ruff format the code"
	@echo "make test           every test tier with branch coverage (TIERS=\"unit interface\" for some)"
	@echo "make sandbox        a whole small cloud: Keystone, three fake pods, Trio2o, and a tour of it"
	@echo "make sandbox-shell  a shell with the sandbox's credentials"
	@echo "make sandbox-stop   stop the sandbox"
	@echo "make bench          compare with nginx, HAProxy and bare forwarders"
	@echo "make race           race four processes: first creates at once, creates against a limit, workers killed under creates, how soon changes are seen"
	@echo "make bench-scale    measure selection among many pods, a large database, several workers (SCALE=\"--routes 100000\")"
	@echo "make simulate       a year of 100 pods by the shipped weighers and by others (SIMULATE=--quick: a small one)"
	@echo "make cloud          a real OpenStack with two pods and Trio2o in front of it, as root"
	@echo "make cloud-status   what of it runs"
	@echo "make cloud-stop     stop it"
	@echo "make test-cloud     compare the top region with a pod, side by side"
	@echo "make test-cloud-faults  stop, kill and freeze its parts, and look what users see"
	@echo "make tempest        run tempest at a pod and at the top region of the real cloud, and compare"
	@echo "make docs           build the documentation into docs/_build/html"
	@echo "make reference      write conf/trio2o.yaml and docs/options.rst anew from the options in the code"
	@echo "make clean          remove what was built, $(VENV) too"

venv: $(STAMP)

# editable_mode=compat puts this folder on sys.path, without which twistd would not find the plugin.
$(STAMP): setup.py
	@test -x $(BIN)/python || { echo "Creating $(VENV)"; $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "No virtual environment: Debian has venv in the package python3-venv." >&2; exit 1; }; }
	@echo "Installing Trio2o, its tools and the sandbox's Keystone (about a minute; all of it is in $(VENV)/install.log)"
	@$(BIN)/python -m pip install --config-settings editable_mode=compat --editable ".[sandbox,dev,docs]" 2>&1 \
	  | tee $(VENV)/install.log | awk '/^Collecting/ { printf "."; fflush() } END { print "" }' \
	  || { tail -n 20 $(VENV)/install.log; exit 1; }
	@$(BIN)/twistd --help >/dev/null
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(STAMP)
	$(BIN)/ruff format .

test: $(STAMP)
	@$(BIN)/python tests/tiers.py $(TIERS)

sandbox: $(STAMP)
	@$(BIN)/python -m trio2o.sandbox.demo up

sandbox-stop: $(STAMP)
	@$(BIN)/python -m trio2o.sandbox.demo stop

sandbox-shell: $(STAMP)
	@$(BIN)/python -m trio2o.sandbox.demo shell

bench: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" benchmarks/run

# RACE has the command's own options, such as "--seed 7 --kills 30".
race: $(STAMP)
	@$(BIN)/python -m tests.races $(RACE)

# SCALE has the command's own options; --help tells them.
bench-scale: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.scale $(SCALE)

# SIMULATE has the command's own options, such as "--quick" or "--plot docs/simulation.svg".
simulate: $(STAMP)
	@$(BIN)/python -m simulation $(SIMULATE)

docs: $(STAMP)
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

reference: $(STAMP)
	$(BIN)/trio2o config sample > conf/trio2o.yaml.new && mv conf/trio2o.yaml.new conf/trio2o.yaml
	$(BIN)/trio2o config options --format rst > docs/options.rst.new && mv docs/options.rst.new docs/options.rst

clean:
	@test ! -x $(BIN)/python || test ! -d .sandbox || $(BIN)/python -m trio2o.sandbox.demo stop
	rm -rf $(VENV) .sandbox build dist docs/_build *.egg-info .coverage .coverage.* _trial_temp* \
	  .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A real OpenStack on this machine, as root (docs/cloud.rst); TRIO2O_CLOUD is its folder, TRIO2O_CLOUD_PODS the number of pods.
TRIO2O_CLOUD ?= /opt/trio2o-cloud
export TRIO2O_CLOUD
.PHONY: cloud cloud-stop cloud-status test-cloud test-cloud-faults tempest

cloud: $(STAMP)
	@$(BIN)/python -m cloud up

cloud-stop: $(STAMP)
	@$(BIN)/python -m cloud stop

cloud-status: $(STAMP)
	@$(BIN)/python -m cloud status

test-cloud: $(STAMP)
	OS_CLIENT_CONFIG_FILE=$${OS_CLIENT_CONFIG_FILE:-$(TRIO2O_CLOUD)/clouds.yaml} $(BIN)/python -m twisted.trial \
	  --temp-directory=_trial_temp_cloud tests.cloud

# Apart from the suite: it breaks the cloud, and whatever else works with it meanwhile.
test-cloud-faults: $(STAMP)
	TRIO2O_CLOUD_FAULTS=1 OS_CLIENT_CONFIG_FILE=$${OS_CLIENT_CONFIG_FILE:-$(TRIO2O_CLOUD)/clouds.yaml} $(BIN)/python \
	  -m twisted.trial --temp-directory=_trial_temp_faults \
	  tests.cloud.test_faults tests.cloud.test_faults_refusals tests.cloud.test_faults_shared tests.cloud.test_faults_center

# TEMPEST has the command's own options, such as "--at top --failed-before".
tempest: $(STAMP)
	@$(BIN)/python -m cloud tempest $(TEMPEST)
