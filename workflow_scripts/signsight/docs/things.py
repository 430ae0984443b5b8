"""docs/things.md: data sets, networks, parts of optimised pictures and figures, from what they declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signsight.core.registry import (
    Registry,
    data_sets,
    figures,
    networks,
    parametrisations,
    presets,
    regularisers,
    transforms,
)
from signsight.data.dataset import facts
from signsight.docs.wording import allowed, either, value
from signsight.features.numbers import QUANTITIES
from signsight.figures.numbers import markdown
from signsight.figures.table import signature

HEAD = """# Data sets, networks, parts of optimised pictures, and figures

<!-- Made by `make docs` from the declarations in the code; do not edit. -->

What a config can name besides [attribution methods](methods.md) and [metrics and replacements](metrics.md).
Each is declared once, in one file of the code; [adding.md](adding.md) shows how to add your own, without
touching the package.
"""
SETS = """
## Data sets

`data.name` names one. Parameters of a data set stand in the config under `data.<name>`.

"""
NOTES = """

Truth: how it is known where the object is, as the metric `localisation` requires. A region of interest
serves only where pictures are not cropped to it (`data.crop_to_roi: false`). `data.mirror`: whether there
are classes whose mirror image is a class, so that flipped pictures are further training examples. Random
flips: whether every picture keeps its class when it is flipped left-right, so that
`training.augmentation.flip` may be set. Signs: whether its pictures show signs, so that the stage
`stickers` is among those that apply; elsewhere it runs if the config names it, `stickers.methods` or
`stickers.stock`. Stock signs: whether the data set can draw a clean picture of each class for that stage.
"""
NETWORKS = """
## Networks

`model.name` names one of these, or any classifier of torchvision: the functions of `torchvision.models`
that return a classifier, under their own names (`resnet18`, `vgg16`, `vit_b_16`, ...), found in the
installed version. A network of torchvision that is trained gets a new head for the classes of the data set.
`model.parameters` takes the parameters below, and for a network of torchvision the arguments of its
function.

"""
PRESETS = """
## Pictures made by optimisation

[features.md](features.md) shows what they look like, and which to trust. A **preset** is a combination of the
parts below; `features.recipes` of a config takes one and changes what it likes.

"""
PARTS = """

The parts, with their parameters. A parametrisation says what is optimised; transforms say how a picture is
seen in each step; regularisers hold it back (a penalty beside the objective, a change of the gradient, or a
change of the picture after a step, which goes with `pixels` alone). Shares are of the side of the picture.

"""
NUMBERS = """
`tables/features.csv` has these quantities of every picture of a class, recomputed from its 8 bits;
`tables/feature_summary.csv` their means over the classes, with intervals.

"""
FIGURES = """
## Figures

A figure is drawn in every run that makes what it is drawn from, provided that the condition in the last
column holds. Each is saved as PNG and SVG in `figures/`, and stands in the report under its category.
`snakemake figures` draws all of them.

"""
SOURCES = {
    "archives": "the official server, or an address or folder with the archives",
    "folder": "a folder of pictures, which has to be named",
    "none": "–",
}
TRUTH = {"masks": "masks", "roi": "region of interest", None: "–"}

COUNTS = {
    "quantities": "{} or more quantities of metrics",
    "methods_at_least": "{} or more methods",
    "explaining_at_least": "{} or more methods besides the controls",
    "undrawn": "a metric has curves that no other figure draws",
    "own_classes": "the classes are those of the data set",
    "variants": "a variant of a metric that it draws",
}


def page() -> str:
    """The page as Markdown."""
    meanings = [[f"`{name}`", meaning] for name, meaning in QUANTITIES.items()]
    numbers = NUMBERS + markdown(["Quantity", "What it is"], meanings, right=False)
    pictures = PRESETS + _presets() + PARTS + _parts() + "\n" + numbers
    return (
        HEAD + SETS + _sets() + NETWORKS + _networks() + "\n" + pictures + "\n" + FIGURES + _figures() + "\n"
    )


def _sets() -> str:
    head = [
        "Name",
        "What it is",
        "`data.source`",
        "Truth",
        "`data.mirror`",
        "Random flips",
        "Signs",
        "Stock signs",
        "`data.fit`",
        "Parameters",
    ]
    rows = [
        [
            f"**{told['label']}**<br>`{name}`",
            told["about"],
            SOURCES[told["source"]],
            TRUTH[told["truth"]],
            _yes(told["mirror"]),
            _yes(told["symmetric"]),
            _yes(told["signs"]),
            _yes(told["stock"]),
            either([value(fit) for fit in told["fits"]]) if told["pictures"] else "–",
            parameters(data_sets, name),
        ]
        for name in data_sets.names()
        for told in [facts(name)]
    ]
    return markdown(head, rows, right=False) + NOTES


def _networks() -> str:
    rows = [
        [f"`{name}`", about(name), parameters(networks, name), normalisation(networks.about(name))]
        for name in networks.names()
    ]
    return markdown(["Name", "What it is", "Parameters", "Normalisation"], rows, right=False)


def about(name: str) -> str:
    """What a network is: the first line of its file, without the full stop."""
    text = networks.file(name).read_text(encoding="utf-8")
    return text.removeprefix('"""').partition("\n")[0].rstrip('."')


def normalisation(told: Mapping[str, Any]) -> str:
    """The normalisation that a network declares; most leave it to the data set."""
    if "mean" not in told:
        return "of the training images"
    return f"mean {list(told['mean'])}, std {list(told['std'])}"


def _presets() -> str:
    rows = [
        [
            f"**{told['label']}**<br>`{name}`",
            told["about"],
            f"`{told['parametrisation']}`",
            _named(told.get("transforms", {})),
            _named(told.get("regularisers", {})),
            f"{told.get('optimiser', 'adam')} {told['rate']:g}, {told['steps']:,} steps",
            told.get("paper") or told.get("source", "–"),
        ]
        for name in sorted(presets.names(), key=presets.order)
        for told in [presets.about(name)]
    ]
    head = ["Preset", "What it does", "Parametrisation", "Transforms", "Regularisers", "Optimiser", "Source"]
    return markdown(head, rows, right=False)


def _named(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """The parts of a preset with the parameters that it sets."""
    words = [
        f"`{name}`" + "".join(f" {key} {one:g}" for key, one in parameters.items())
        for name, parameters in parts.items()
    ]
    return ", ".join(words) or "–"


def _parts() -> str:
    rows = [
        [kind, f"**{told['label']}**<br>`{name}`", told["about"], parameters(registry, name)]
        for kind, registry in (
            ("parametrisation", parametrisations),
            ("transform", transforms),
            ("regulariser", regularisers),
        )
        for name in sorted(registry.names(), key=registry.order)
        for told in [registry.about(name)]
    ]
    return markdown(["Part", "Name", "What it does", "Parameters"], rows, right=False)


def _figures() -> str:
    rows = [
        [
            told["category"],
            told["subcategory"],
            f"`{name}`",
            ", ".join(f"`{one}`" for one in signature(name)[0]),
            condition(told.get("when", {})),
        ]
        for name in sorted(figures.names(), key=lambda name: _order(name))
        for told in [figures.about(name)]
    ]
    return markdown(["Category", "Subcategory", "Name", "Drawn from", "Only if"], rows, right=False)


def _order(name: str) -> tuple[str, str, tuple[str, int]]:
    told = figures.about(name)
    return told["category"], told["subcategory"], figures.order(name)


def condition(when: Mapping[str, Any]) -> str:
    """What must hold beside the inputs being made, in words."""
    words = []
    for key, asked in when.items():
        if key in ("metrics", "methods"):
            words.append(f"{key[:-1]} {' and '.join(f'`{one}`' for one in asked)}")
        elif key == "stage":
            words.append(f"stage `{asked}`")
        elif key == "any_metric":
            words.append(f"metric {either([f'`{one}`' for one in asked])}")
        elif key == "config":
            words += [f"`{name}: {want}`" for name, want in asked.items()]
        else:
            words.append(COUNTS[key].format(asked))
    return ", ".join(words) or "–"


def parameters(registry: Registry, name: str) -> str:
    """The parameters of a thing, one a line: `width` (integer from 1 to 512, `32`): meaning."""
    lines = [
        f"`{key}` ({allowed(part)}; {value(part['default'])}): {part['description']}"
        for key, part in registry.parameters(name).items()
    ]
    return "<br>".join(lines) or "–"


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
