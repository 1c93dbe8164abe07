# A newcomer needs Python 3.10 or newer, and make. `make PYTHON=python3.12 lab` picks another Python.
PYTHON ?= python3
PY := .venv/bin/python

.PHONY: help lab test course site slides claims results gowalla release format lock clean install system

help:
	@echo "make lab      open the course in JupyterLab"
	@echo "make test     check everything: style, library, notebooks"
	@echo "make course   run every notebook, then make site and slides"
	@echo "make site     pages of all notebooks that open from disk, without a network"
	@echo "make slides   the same, and slides of them"
	@echo "make claims   check the lecture's claims, write docs/claims.md"
	@echo "make results  run the long comparisons behind notebooks 06, 08 and 09 again"
	@echo "make gowalla  train LightGCN on Gowalla, the papers' benchmark; killed, it goes on"
	@echo "make release  make student notebooks from solutions/ (ARGS='--to DIR': the folder to hand out)"
	@echo "make format   put code and notebooks into the house style"
	@echo "make lock     choose requirements.lock anew"
	@echo "make clean    remove the installed environment (data stays)"

# Every command installs first; with a good environment that takes a tenth of a second.
install:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 10) else "$(PYTHON) is Python %d.%d, the course needs 3.10 or newer: install one and run, for example, make PYTHON=python3.12 lab" % v[:2])'
	@$(PYTHON) tools/install.py

system: install
	@$(PY) tools/system.py

lab: install
	@$(PY) tools/lab.py $(ARGS)

test: export OMP_NUM_THREADS = 1
test: system
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m pytest --nbval-lax tests $(wildcard notebooks)

course: install
	@.venv/bin/course run
	@.venv/bin/course site --slides

site: install
	@.venv/bin/course site

slides: install
	@.venv/bin/course site --slides

claims: export OMP_NUM_THREADS = 1
claims: install
	@$(PY) -m pytest tests/claims -m claim --write-claims

results: install
	@$(PY) benchmarks/comparison.py
	@$(PY) benchmarks/text.py table --write
	@$(PY) benchmarks/text.py cold --write
	@$(PY) benchmarks/negatives.py hard --seeds 5 --epochs 12 --write
	@$(PY) benchmarks/negatives.py hard --seeds 3 --epochs 40 --write

gowalla: export OMP_NUM_THREADS = 1
gowalla: install
	@$(PY) benchmarks/gowalla.py $(ARGS)

release: install
	@.venv/bin/course release $(ARGS)

format: install
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

lock: install
	@$(PY) tools/lock.py

clean:
	@rm -rf .venv
