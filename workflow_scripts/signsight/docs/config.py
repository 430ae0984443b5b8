"""config/README.md: every key of a config, from config/schema.yaml and all that is registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signsight.config.schema import load_schema, walk_keys
from signsight.docs.wording import allowed, default

SCHEMA = Path(__file__).parents[3] / "config/schema.yaml"
HEAD = """# Config

<!-- Made by `make docs` from schema.yaml and the declarations in the code; do not edit. -->

`snakemake` runs [config.yaml](config.yaml), the demo; `snakemake --configfile config/gtsrb.yaml` runs
another study. A config names only what differs from the defaults below. Several files can be given, and
later ones win: `--configfile config/gtsrb.yaml my.yaml`. Single keys go on the command line:
`--config seed=7 data='{size: 32}'`. A wrong key, type or name stops the run before any job, with a message
that names the right one.

**null means "what applies".** A key whose default is null is filled in from the rest of the config: the
stages that the data set allows, the methods of a stage, the metrics that can be run. Its description says
what null stands for. To leave something out, name the stages that you want (`stages: [metrics]`;
`stages: []` makes maps, the overview and the gallery alone).

## Targets

`attribution.target` says what is explained, and `evaluation.target` whose score the metrics follow:

| target | what is explained |
|---|---|
| `predicted` | the class that the network predicts for the picture |
| `true` | the class of the picture in the data set |
| `14` | one class for every picture, by its number |
| `{class: predicted, against: runner_up}` | one class against another: the difference of their scores |
| `{layer: features.last, channel: 3}` | the mean of one channel of a layer over its positions |
| `{layer: features.last, channel: 3, at: [2, 4]}` | one neuron of that channel, by row and column |
| `{layer: features.last, direction: [0.5, -1, ...]}` | a sum of all channels of a layer with these weights |

`class` and `against` are each `predicted`, `true` or a number; `against` can also be `runner_up`, the
second most probable class. Pictures made by optimisation start from no picture: for them
(`features.classes.which`, `features.dream.targets`) classes are numbers or names.

## Layers

`attribution.layer` is the target layer of the class activation methods, by its name in the network
(`network.named_modules()`); null takes the last layer with a map. A variant can name a layer of its own:
`grad_cam_shallow: {method: grad_cam, layer: features.third.5}`. For an LRP method the `layer` of a variant
is where the relevance is read out, in place of the pixels. [docs/methods.md](../docs/methods.md) says more.

## Plugins

`plugins: [my_things.py]` adds your own networks, attribution methods, metrics, replacements, data sets,
figures, and parts of pictures made by optimisation (presets, parametrisations, transforms, regularisers).
A file is looked for beside the config that names it, then in the working directory. Its things are named,
configured and checked as the built-in ones are; [docs/adding.md](../docs/adding.md) shows how to write
them.

## Degrees

Degrees are lists of numbers and of ranges `"low..high"` or `"low..high/step"`. An entry that is added
computes only its own degrees.

# Keys
"""


def page() -> str:
    """The page: one table of keys for every group of the schema."""
    return markdown(load_schema(SCHEMA))


def markdown(schema: dict[str, Any]) -> str:
    """The page of a schema that is complete with all that is registered."""
    groups: dict[str, list[str]] = {"": []}
    about = {"": "Top level"}
    for name, part in _keys(schema):
        if "properties" in part:
            groups[name] = []
            about[name] = f"`{name}`" + (f": {part['description']}" if "description" in part else "")
        else:
            group, _, key = name.rpartition(".")
            cells = [f"`{key}`", allowed(part), default(part), part["description"]]
            groups[group].append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    tables = [
        f"\n## {about[group].rstrip('.')}\n\n| key | allowed | default | meaning |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
        for group, rows in groups.items()
        if rows
    ]
    return HEAD + "".join(tables)


def _keys(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key, and those of the groups whose names the user chooses, as `attribution.variants.<name>`."""
    for name, part in walk_keys(schema):
        yield name, part
        inner = part.get("additionalProperties")
        if isinstance(inner, dict) and "properties" in inner:
            yield f"{name}.<name>", inner
            yield from walk_keys(inner, f"{name}.<name>.")
