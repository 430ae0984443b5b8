"""docs/architecture.md: how the project is built, with what the code itself says of its parts and rules."""

from __future__ import annotations

import ast
from pathlib import Path

from signsight.core.source import PACKAGE, tree_of
from signsight.docs.imports import LAYERS, parts
from signsight.docs.stages import UNNAMED, rules
from signsight.figures.numbers import markdown

HEAD = """# Architecture

<!-- Made by `make docs` from the code; edit the text in workflow_scripts/signsight/docs/architecture.py. -->

![The stages with their rules, and the parts of the package with their imports](figures/architecture.svg)

## Three kinds of data

Every stage reads and writes one of three kinds of data, so something new touches no other stage:

- **Image sets**: a folder with `images.npy`, (N, H, W, 3) uint8, and `index.csv`, a row for each image. A
  perturbed set keeps the rows and their order.
- **Maps**: `maps.npy`, (N, H, W) float32, in the order of the image set. They are signed and unnormalised;
  sign, scale and colour are dealt with where a map is used, in one place.
- **Scores**: `.npz` files with a value for each image, and the tidy CSV tables made of them: one
  observation a row, with `n`, value and interval.

Files are read and written in pieces (`core/files.py`), so memory does not grow with the data set. A file is
there whole or not at all.

## Declare once

A data set, network, attribution method, metric, replacement or figure is one declaration in one file: its
code under `@methods.register("name", label=..., ...)` or its like, and its parameters in the signature, as
`steps: Annotated[int, Limits(1, 1000), "Points along the path."] = 50`. The registries (`core/registry.py`)
read declarations from the source without importing it, since importing torch takes seconds. The keys of the
config, their checks and defaults, the pages of this documentation, and the labels in figures are all
derived from them. There is no second list, and no code elsewhere that asks for a thing by name: it asks
what the thing declares.

## Plan once

`config/rules.py` fills in and checks the config before any job. `plan/` then derives what is to be made:
image sets, runs, tables, figures, kept files. It is pure Python and tested without Snakemake. The `.smk`
files hold rules and ask `PLAN` for file names and params; a rule, its script, its log, its benchmark and
its output folder share one name. Scripts are a few lines each: they open files, call the package, and know
`snakemake`; the package does not.

## Digests

Snakemake sees a rule's script, but not what the script imports. So every job has the param `code`, a digest
of all code that it can reach (`core/digest.py`): its script, the files that those import at any depth, and
the files of the things that its params name. Comments, docstrings, annotations, messages and labels are not
part of it. An edit reruns exactly the jobs whose result it can change. Files of the user are tracked in the
same way, by a digest of their names, sizes and times.

## Plugins

`plugins: [my_things.py]` in a config adds the user's own declarations to the registries before anything is
checked. From then on they are treated as built-in ones: in the schema, the checks, the digests and the
figures. [adding.md](adding.md) shows how to write them.

## Randomness

Every random draw comes from a generator that is seeded by the experiment's seed, what is drawn, and the id
of the image (`core/rng.py`). Results therefore do not depend on batch size, shards, order or the number of
threads, apart from rounding. Whatever is drawn once for all images, such as the masks of RISE, has a
generator of its own.

## Where to find what

Parts of the package `workflow_scripts/signsight`, from the ground up. Imports run from the end of this
table to its beginning, or between parts of the same layer, and never in a circle; a test checks this.

"""
RULES = """

Rules stand in `rules/`, by stage, each with a script of the same name under `workflow_scripts/`:

"""
TAIL = """

Besides these: `config/schema.yaml` holds the keys of the config that belong to no declared thing,
`rules/captions/` the captions of the report, `envs/` the environments and their locks, `profiles/` settings
of Snakemake, `tests/unit` tests of functions, `tests/contract` what every method, metric and network has to
fulfil, `tests/hostile` broken and hostile input with what is said of it, `tests/workflow` whole runs,
`tests/cluster` runs on a SLURM of one node, `tests/gpu` what a GPU has to give as the CPU does, and
`tests/bench` the measurements of [performance.md](performance.md).
"""


def page() -> str:
    """The page as Markdown."""
    table = [
        [f"`{name}`", about(name), ", ".join(f"`{one}`" for one in sorted(below)) or "–"]
        for layer in LAYERS
        for name in layer
        for below in [parts().get(name)]
        if below is not None
    ]
    files = [[f"`{file}.smk`", ", ".join(map(_rule, own))] for file, own in rules().items() if own]
    house = markdown(["Part", "What it holds", "Imports"], table, right=False)
    return HEAD + house + RULES + markdown(["File", "Rules"], files, right=False) + TAIL


def _rule(name: str) -> str:
    return "one for each declared figure" if name == UNNAMED else f"`{name}`"


def about(part: str) -> str:
    """The first sentence of the docstring of a package or module."""
    file = PACKAGE / part / "__init__.py"
    tree = tree_of(file if file.is_file() else Path(f"{PACKAGE / part}.py"))
    first = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    return first[:1].upper() + first[1:]
