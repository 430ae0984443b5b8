"""docs/metrics.md, made from the registries: `python -m signsight.docs.metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signsight.core.files import write_text
from signsight.core.registry import metrics, replacements
from signsight.figures.numbers import markdown

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
HEAD = """# Which explanation is to be trusted

<!-- Made by `make docs` from the registries; do not edit. -->

`evaluation.metrics` of a config lists metrics of this page; each is run for every method of
`attribution.methods` on the same sample of test images, and `random`, the control, has to be among the
methods.

```yaml
evaluation:
  metrics: [region_perturbation, deletion, insertion, randomisation]
  images: 1000            # a random sample, or `all`; a smaller one is part of a larger one
  shards: 1               # jobs that share the images of a metric and a method, for clusters
  parameters:
    region_perturbation: {region: 4, steps: 30, repetitions: 5, replacement: uniform}
    randomisation: {images: 100}
```

What comes out: `evaluate/<metric>/<method>/scores.npz` (an answer for every image, and its curve),
`tables/metrics.csv` (means, intervals, chance), `tables/metric_curves.csv`, `tables/pairs.csv` (every two
methods compared on the same images), `tables/ranking.csv`, `tables/agreement.csv` (do two metrics put the
methods in the same order?), figures, and a section of `summary.md`. With `model.seeds: [0, 1, 2]` further
models are trained, explained and evaluated, and `tables/seeds.csv` has what each of them says.

## How to read the numbers

- **Intervals** are over images: a bootstrap of the mean, Wilson's where an answer is yes or no. They say
  what another sample of images would give, not another training; for that there is `model.seeds`.
- **Ranks**: one more than the number of methods that are better in a paired sign-flip test on the same
  images, after Holm's correction for all pairs of that quantity. Methods that share a group letter cannot
  be told apart.
- **Chance** is what the control `random` gets, the share of the picture that the object covers, or a
  number. A method that does no better than chance says nothing about the network.
- **Ties** in a map are broken by position, row by row; the pointing game takes the share of the tied
  pixels instead. Many CAM maps have large areas of zeros.
- No metric is the truth. Perturbed pictures are none that the network was trained on: a fall of the score
  may be shock, not loss of evidence, so look at several replacements, at MoRF and LeRF together, and at
  ROAD, whose fill leaves less trace. Deletion with a black fill favours maps that outline dark holes;
  localisation asks what a human would look at, not what the network uses; randomisation tells what cannot
  be an explanation of this network, not which one is right.

## Metrics

The settings of each are in [config/README.md](../config/README.md) under `evaluation.parameters`.
"""


def page() -> str:
    """The page as Markdown."""
    rows = [row for name in metrics.names() for row in _rows(name, metrics.about(name))]
    parts = [
        HEAD,
        markdown(["Metric", "Quantity", "Better", "Range", "Chance", "What it says", "Source"], rows),
    ]
    fills = [[f"`{n}`", str(replacements.about(n)["source"])] for n in replacements.names()]
    parts.append(
        "## What replaces a pixel\n\nAll in pixel space, RGB in [0, 1]; a replacement that is drawn is "
        "drawn for each image by its id, the same for every method."
    )
    parts.append(markdown(["Name", "Source"], fills, False))
    return "\n\n".join(parts) + "\n"


def _rows(name: str, about: dict[str, Any]) -> list[list[str]]:
    rows = []
    for number, (quantity, told) in enumerate(about["quantities"].items()):
        low, high = told.get("low"), told.get("high")
        span = "–" if low is None else f"{low} and more" if high is None else f"{low} to {high}"
        direction, chance = told.get("direction") or "–", told.get("chance")
        first = [f"`{name}`", str(about["source"])] if number == 0 else ["", ""]
        means = [f"`{quantity}`", direction, span, "–" if chance is None else str(chance), told["means"]]
        rows.append([first[0], *means, first[1]])
    return rows


if __name__ == "__main__":
    write_text(PAGE, page())
