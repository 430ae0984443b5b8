# The two commands of the README, and those that developers need. Every target is one or two plain lines.
CORES ?= $(shell nproc)
BIN := .venv/bin
# progress bars on a terminal, plain lines in a pipe
BARS := $(shell [ -t 2 ] && echo --logger rich)

# tests without training and without runs of the workflow
QUICK := $(addprefix tests/unit/,config core data docs figures perturbation plan verdict) \
	$(addprefix tests/contract/test_,figures_contract.py parameters_contract.py replacements_contract.py)

.PHONY: demo test quick soak e2e cluster-test contract oracles envs-test s3-test setup lint format docs lock newest audit sbom unlock

demo: setup ## the whole workflow on the embedded data set
	$(BIN)/snakemake --cores $(CORES) --resources gpu=1 $(BARS) --report results/demo/report.html --report-after-run

test: ## all tests
	@sh envs/setup.sh dev
	$(BIN)/pytest -n 2

quick: ## lint and the tests that train nothing and run no workflow: two minutes on two cores
	@sh envs/setup.sh dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/pytest -n 2 $(QUICK)

soak: ## runs killed at random moments and continued, compared with undisturbed ones: make soak RUNS=5 SEED=3
	@sh envs/setup.sh dev
	PYTHONPATH=$(CURDIR)/tests:$(CURDIR)/workflow_scripts $(BIN)/python -m soak \
		--runs $(or $(RUNS),50) --seed $(or $(SEED),0) --first $(or $(FIRST),1)

e2e: ## the explorer's page in a browser: the system's Chromium, else one that playwright installs
	@sh envs/setup.sh dev
	@command -v chromium || command -v chromium-browser || command -v google-chrome || $(BIN)/playwright install chromium
	$(BIN)/pytest tests/e2e

cluster-test: ## the workflow on a SLURM of one node; as root, with the Debian packages that tests/cluster/slurm.sh names
	@sh envs/setup.sh dev
	$(BIN)/pytest tests/cluster/test_slurm.py tests/cluster/test_other_executors.py

contract: ## the contract tests on your own things: make contract PLUGIN=my_things.py [SOURCE=pictures]
	@sh envs/setup.sh dev
	$(BIN)/pytest tests/contract --plugin $(PLUGIN) $(if $(SOURCE),--source $(SOURCE))

oracles: ## the tests that compare with libraries too large for `make test`
	@sh envs/setup.sh oracles
	.venv-oracles/bin/pytest -m oracles

envs-test: ## every rule in its own environment of envs/, made anew, with nothing else to import: minutes, 6 GB
	@sh envs/setup.sh dev
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/pytest -n 0 tests/environments

s3-test: ## a run whose results lie in S3, on a server of its own
	@sh envs/setup.sh dev && sh envs/setup.sh storage
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 0 tests/cluster/test_s3.py

setup:
	@sh envs/setup.sh

unlock: ## after a kill: remove the lock that the dead run left
	$(BIN)/snakemake --unlock

lint:
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/snakefmt --check Snakefile rules && $(BIN)/snakemake --lint

format:
	$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/snakefmt Snakefile rules

docs: ## every page that is made from the schema and the declarations in the code
	PYTHONPATH=workflow_scripts $(BIN)/python -m signsight.docs

lock: ## update locks and environments after a change of pyproject.toml; needs uv
	python3 envs/lock/make.py

newest: ## which pins are not the newest that work together, and what holds others back; needs uv
	python3 envs/lock/newest.py

audit: ## known vulnerabilities of the packages in the lock
	@sh envs/setup.sh audit
	.venv-audit/bin/python envs/lock/audit.py

sbom: ## results/sbom.json: all packages in the lock, with their hashes, as CycloneDX
	@sh envs/setup.sh audit
	.venv-audit/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible -o results/sbom.json envs/lock/run.txt
