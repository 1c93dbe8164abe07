# A newcomer needs Python 3.10 or newer, and make. `make PYTHON=python3.12 lab` picks another Python.
PYTHON ?= python3
PY := .venv/bin/python

.PHONY: help lab test portable course site slides claims results bench gowalla release address grade-demo format lock clean install system

help:
	@echo "make lab      open the course in JupyterLab"
	@echo "make test     check everything: style, library, notebooks"
	@echo "make portable  run what rests on rounding as other processors would, and list what turns"
	@echo "make course   run every notebook, then make site and slides"
	@echo "make site     pages of all notebooks that open from disk, without a network (ARGS=--pdf: PDF files, too)"
	@echo "make slides   the same, and slides of them"
	@echo "make claims   check the lecture's claims, write docs/claims.md"
	@echo "make results  run the long comparisons behind notebooks 02, 06, 07, 08, 09 and 10 again"
	@echo "make bench    the course beside RecBole, PyG, implicit and others, each in an environment of its own"
	@echo "make gowalla  train LightGCN on Gowalla, the papers' benchmark; killed, it goes on"
	@echo "make release  make student notebooks from solutions/ (ARGS='--to DIR': the folder to hand out)"
	@echo "make address  write where the course is published into the lessons (REPOSITORY=https://github.com/YOU/NAME)"
	@echo "make grade-demo  grade thirty made-up submissions and open the report"
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

# How many workers: tests/conftest.py. A file, a notebook too, stays on one of them.
WORKERS := -n auto --dist loadfile --no-loadscope-reorder

test: export OMP_NUM_THREADS = 1
test: system
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m pytest $(WORKERS) --nbval-lax tests $(wildcard notebooks)

portable: export PYTEST_ADDOPTS = $(WORKERS)
portable: install
	@$(PY) tools/portable.py $(ARGS)

course: install
	@.venv/bin/course run
	@.venv/bin/course site --slides

site: install
	@.venv/bin/course site $(ARGS)

slides: install
	@.venv/bin/course site --slides

claims: export OMP_NUM_THREADS = 1
claims: install
	@$(PY) -m pytest tests/claims -m claim --write-claims $(ARGS)

results: install
	@$(PY) benchmarks/comparison.py
	@$(PY) benchmarks/contrastive.py
	@$(PY) benchmarks/text.py table --write
	@$(PY) benchmarks/text.py cold --write
	@$(PY) benchmarks/text.py through --write
	@$(PY) benchmarks/pinsage.py pooling --seeds 5 --write
	@$(PY) benchmarks/negatives.py rates --seeds 5 --epochs 12 --write
	@$(PY) benchmarks/negatives.py weighting --seeds 5 --epochs 10 --write
	@$(PY) benchmarks/negatives.py hard --seeds 5 --epochs 12 --write
	@$(PY) benchmarks/negatives.py hard --seeds 3 --epochs 40 --write
	@$(PY) benchmarks/scale.py --write

bench: install
	@$(PY) benchmarks/peers.py $(ARGS)

gowalla: export OMP_NUM_THREADS = 1
gowalla: install
	@$(PY) benchmarks/gowalla.py $(ARGS)

release: install
	@.venv/bin/course release $(ARGS)

address: install
	@$(PY) tools/address.py $(REPOSITORY)

# Generated submissions, some broken, some hostile; the report opens where there is a browser.
grade-demo: system
	@rm -rf build/demo && mkdir -p build/demo
	@$(PY) tools/submissions.py a1 --students 30 --broken 0.1 --hostile 0.1 --out build/demo/submissions
	@.venv/bin/course grade a1 build/demo/submissions --out build/demo/grades --roster build/demo/submissions.csv --due 2026-11-30T18:00Z --late 10%/day --file-times; [ $$? -le 1 ]  # 1: there are flags
	@$(PY) -m webbrowser -t "file://$(CURDIR)/build/demo/grades/report.html" >/dev/null 2>&1 || true

format: install
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

lock: install
	@$(PY) tools/lock.py

clean:
	@rm -rf .venv
