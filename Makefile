# Everything a newcomer needs; each target makes .venv first if it is not there.
PYTHON ?= python3
BIN := .venv/bin
TARGET ?= embedded

.PHONY: venv prove prove-embedded prove-container container-down test clients unit lint wheel docs site console console-check screenshots bench torture fuzz soak clean

venv: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m compileall -q caltrop
	@touch $@

prove: prove-$(TARGET)

prove-embedded: venv
	$(BIN)/caltrop test --report reports

# The official Splunk image, by Docker; unverified until somebody runs it (docs/targets.md). `container-down` removes it.
prove-container: venv
	@command -v docker >/dev/null || { echo "docker is not here: make prove needs none" >&2; exit 2; }
	@test -n "$$SPLUNK_PASSWORD" || { echo "set SPLUNK_PASSWORD: the container's admin gets it" >&2; exit 2; }
	$(BIN)/caltrop build
	tar -C addons -czf dist/windows.tar.gz windows
	docker compose -f docker/compose.yml up --detach --wait
	CALTROP_PASSWORD="$$SPLUNK_PASSWORD" $(BIN)/caltrop install dist/windows.tar.gz --target https://127.0.0.1:8089 \
		--path-on-target /caltrop/windows.tar.gz
	CALTROP_PASSWORD="$$SPLUNK_PASSWORD" $(BIN)/caltrop test --target https://127.0.0.1:8089 --hec-url https://127.0.0.1:8088 \
		--package-path /caltrop --without-risk --report reports

container-down:
	docker compose -f docker/compose.yml down --volumes

test: venv
	$(BIN)/python -m pytest -n auto -m 'not client'

# Whole suites of real clients, each installed from its registry into an environment of its own below .cache.
clients: venv
	$(BIN)/python -m pytest -n 2 -m client tests/clients

unit: venv
	$(BIN)/python -m pytest -n auto --hypothesis-profile=unit -m 'not slow and not shared and not client'

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The wheel, from a fresh environment in an empty folder; PYTHONS="/…/python3.12 /…/python3.13" tries other interpreters.
wheel: venv
	$(BIN)/python -m tools.try_wheel $(PYTHONS)

# docs/spl.md, docs/analysis.md, the table in docs/rest.md and the list of functions, from what the rooms register and the cases.
docs: venv
	$(BIN)/python -m tools.spl_reference > docs/spl.md.new
	@mv docs/spl.md.new docs/spl.md
	$(BIN)/python -m tools.rest_reference
	$(BIN)/python -m tools.vocabulary > caltrop/analysis/functions.json.new
	@mv caltrop/analysis/functions.json.new caltrop/analysis/functions.json
	$(BIN)/python -m tools.analysis_reference > docs/analysis.md
	$(BIN)/python -m tools.command_reference > docs/commands.md.new
	@mv docs/commands.md.new docs/commands.md

# docs/ as a site in dist/docs, by the extra `docs`; open its index.html.
site: venv
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

# The console into the package, from console/ by the lock file; needs node 20.19 or newer and npm, which nobody else does.
console: console/node_modules/.package-lock.json
	cd console && npm run --silent build

console/node_modules/.package-lock.json: console/package-lock.json
	cd console && npm ci --ignore-scripts --silent

# Whether the files in the package are what the sources give.
console-check: console/node_modules/.package-lock.json
	rm -rf .cache/console
	cd console && npm run --silent build -- --logLevel warn --outDir ../.cache/console
	diff -r .cache/console caltrop/splunkd/console/static
	@echo "console: the shipped files are the built ones"

# The console's pages as pictures in docs/images; needs Chromium.
screenshots: venv
	$(BIN)/python -m tools.screenshots

# Kills during ingest, input that nobody would write, an hour's worth of work: each ends by itself after the time given.
torture: venv
	$(BIN)/python -m tools.torture --rounds $(or $(ROUNDS),200) --minutes $(or $(MINUTES),40)

fuzz: venv
	$(BIN)/python -m tools.fuzz --seconds $(or $(SECONDS),60)

soak: venv
	$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),10)

bench: venv
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf build dist reports .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
