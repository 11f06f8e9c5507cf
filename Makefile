# make help    print this
# make repro   train and score on the embedded demo corpus
# make test    lint, types, imports, and the whole test suite
# make release train the model that comes with the package; needs the recordings of presets/release.yaml, and the hub
# make space   the folder to push as a Hugging Face Space: dist/space
# make lock    pin the newest versions that pyproject.toml allows (needs uv)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# DVC runs the stages with the first `python` on the path.
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help repro test lint release space lock clean

repro: $(VENV)/installed .dvc/plots/vega.js
	@# DVC leaves its list of locks empty if it is killed as it writes it, and then refuses every command.
	@test -s .dvc/tmp/rwlock || rm -f .dvc/tmp/rwlock
	$(BIN)/dvc repro

test: $(VENV)/installed-test lint
	$(BIN)/python -m pytest

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is older than Python 3.11; try make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/installed-test: requirements-test.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-test.txt
	@touch $@

.dvc/plots/vega.js: | $(VENV)/installed
	$(BIN)/python docs/make_vega.py

release: $(VENV)/installed
	$(BIN)/ser preset apply release
	$(BIN)/dvc repro
	$(BIN)/python -m release.publish

space: models/model.onnx
	rm -rf dist/space
	mkdir -p dist/space/models
	cp -R LICENSE ser space/README.md space/app.py space/packages.txt space/requirements.txt dist/space
	cp models/model.onnx dist/space/models
	find dist/space -name __pycache__ -prune -exec rm -rf {} +

lock:
	uv pip compile --quiet --upgrade pyproject.toml --extra listen --extra pretrained --extra serve --extra train \
		--output-file requirements.txt
	uv pip compile --quiet --upgrade pyproject.toml --extra test --constraint requirements.txt \
		--output-file requirements-test.txt
	uv pip compile --quiet --upgrade --no-annotate pyproject.toml space/requirements.in --constraint requirements.txt \
		--output-file space/requirements.txt
	uv pip compile --quiet --no-annotate --python-version 3.11 benchmarks/nkululeko-requirements.in \
		--output-file benchmarks/nkululeko-requirements.txt

help:
	@sed -n 's/^# //p' Makefile | head -6

clean:
	rm -rf $(VENV) dvc_plots .pytest_cache .mypy_cache .ruff_cache
