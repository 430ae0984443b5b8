"""docs/metrics.md: every metric and replacement, from what it declares."""

from __future__ import annotations

from typing import Any

from signsight.core.registry import metrics, replacements
from signsight.docs.wording import value
from signsight.evaluation.nulls import NULLS
from signsight.figures.numbers import markdown

HEAD = """# Which explanation is to be trusted

<!-- Made by `make docs` from the declarations of the metrics; do not edit. -->

`evaluation.metrics` of a config lists metrics of this page. Each is run for every method of
`attribution.methods` on the same sample of test images, and the control `random` has to be among the
methods.

```yaml
evaluation:
  metrics: [region_perturbation, deletion, insertion, randomisation]
  images: 1000            # a random sample, or `all`; a smaller one is part of a larger one
  null_images: 100        # of these, for null maps (below)
  parameters:
    region_perturbation: {region: 4, steps: 30, repetitions: 5, replacement: uniform}
    randomisation: {images: 100}
```

The results are `evaluate/<metric>/<method>/scores.npz` (a value for every image, and its curve),
`tables/metrics.csv` (means, intervals, chance), `tables/metric_curves.csv`, `tables/pairs.csv` (every
two methods compared on the same images), `tables/nulls.csv` (every method against null maps),
`tables/ranking.csv`, `tables/agreement.csv` (do two metrics put the methods in the same order?),
figures, and a section of `summary.md`. With `model.seeds: [0, 1, 2]` further models are trained,
explained and evaluated: `tables/seeds.csv` has the numbers of each, and `tables/trainings.csv` what survives
another training. Of each measure it has the method that comes first in each, the pairs of methods that differ
significantly in the first training and how many of them keep their order in all, and how far trainings move
a method's value (standard deviation) beside half of its interval, which is over images alone.

The metrics follow the score of `evaluation.target`, which can be anything that
[`attribution.target`](../config/README.md#targets) can be: a class, one class against another, a channel or
a neuron.

`evaluation.precision: bf16` runs the forward passes in bfloat16. On SqueezeNet and 16 photographs of 224 px
that takes 18 ms of a CPU with AVX512-BF16 for each in place of 38, and moves the AOPC of a photograph by
0.005 on average and the mean over the photographs by 0.002, a thirtieth of its standard error. Another draw
of the noise moves a photograph's AOPC by 0.013 (standard deviation; 0.22 between photographs): a larger
`images` makes an interval narrower, more `repetitions` hardly.

## Variants: one metric with several settings

`evaluation.parameters.<metric>` sets the parameters of a metric. To run it with several settings, name
variants and list them like metrics:

```yaml
evaluation:
  metrics: [deletion, insertion, deletion_gray, insertion_gray]
  variants:
    deletion_gray: {metric: deletion, parameters: {hidden: gray}, label: "Deletion, grey"}
    insertion_gray: {metric: insertion, parameters: {hidden: gray}, label: "Insertion, grey"}
```

A variant sees the same images as its metric, and has columns in tables and figures of its own: so the ranking
and the agreement of metrics tell whether an order of the methods depends on the setting.

## Null maps: what a map gets that knows nothing of the image

Noise is a weak opponent. Where the objects lie in the middle, as in cropped signs, a round map in the
middle that never looks at the network is better than most methods by every metric that hides pixels. So
each method also has to stand against maps that keep what is typical of the data, of the method and of
the class, and know nothing of the image that is explained:

| Null map | What it is | A method that does not beat it |
| --- | --- | --- |
{nulls}

They are measured on `evaluation.null_images` of the metric's images, by every metric but those that run
the method again (`randomisation`, `stability`). The **gap** of a method is to the strongest of them,
paired image by image. *Better* means better than each of them: the largest p of the paired sign-flip
tests is the p of that claim (an intersection-union test, Berger 1982,
doi:10.1080/00401706.1982.10487790), corrected by Holm's method for the number of methods. *Worse* means
worse than the strongest, whose p is multiplied by the number of null maps, since it was picked.
Null maps that fewer than ten images have (of the same class, where most classes have one image) are listed
and count for nothing.
`tables/nulls.csv` has all gaps, `tables/ranking.csv` that to the strongest, the figure `nulls` shows
them, and in the figure `ranking` and in `summary.md` ▲ marks what is better and ▼ what is worse.

Maps of a detector's boxes have the same null maps about the box ([detection.md](detection.md#metrics)).
Where objects always lie in the middle, `data.field` puts every training and test picture of any data set
at a random place and at a random size into a larger field, so that the centre says nothing
([null-maps.md](null-maps.md)); localisation then takes the picture's place as the object's, where no mask
or annotation says more.

Which null map is not beaten says something, too. On signs that are all drawn alike in the middle of the
image, the map of another image of the class is nearly the right one: not to beat it says that the map is
one of the class, which may be all that there is to know. Not to beat the centre prior says that a round
spot would have done.

## How to read the numbers

- **Intervals** are over images: a bootstrap of the mean, or Wilson's interval where a value is yes or no.
  They say what another sample of images would yield, not what another training would; for that, set
  `model.seeds`.
- **Ranks**: one more than the number of methods that are better in a paired sign-flip test on the same
  images, after Holm's correction for all pairs of that quantity. Methods that share a letter cannot be told
  apart. Methods with the same maps, up to a factor, count as one (`tables/identical_maps.csv` names them).
  A network that is not shown to be better than always guessing the largest class gets no ranking.
- **The verdict** (`tables/verdict.csv`, and the first lines of `summary.md`, the report and the explorer)
  says all this in sentences: which methods beat chance, which cannot be told apart, where metrics disagree,
  and what the run did not measure.
- **Chance** is what the control `random` gets, or the share of the picture that the object covers, or a
  number. A method that does no better than chance says nothing about the network.
- **Ties** in a map are broken by position, row by row; the pointing game and the relevance rank take the
  share of the tied pixels that lie within the object instead. Many CAM maps have large areas of zeros.
- No metric is the truth. The network was not trained on perturbed pictures, so a falling score may be due
  to their strangeness rather than to lost evidence. Look at several replacements, at MoRF and LeRF
  together, and at ROAD, whose fill leaves less trace. Deletion with a black fill favours maps that outline
  dark holes; localisation asks what a person would look at, not what the network uses; randomisation tells
  what cannot be an explanation of this network, not which explanation is right.

## Metrics

The settings of each are in [config/README.md](../config/README.md), under `evaluation.parameters` unless
the table names another place. Curves are in `tables/metric_curves.csv` and in the figures.

"""
FILLS = """
## What replaces a pixel

All of them work in pixel space, RGB in [0, 1], but for those named `normalised_...`: their values are those
of the network's normalised input, as much published code has them. In pixel space they are the mean of the
normalisation, and half a deviation above it. (The image's mean colour is the same in both spaces.) A random
replacement is drawn for each image by its id, the same for every method.

"""


def page() -> str:
    """The page as Markdown."""
    head = ["Metric", "Quantity", "Better", "Range", "Chance", "What it says", "Curves", "Source"]
    rows = [row for name in metrics.names() for row in _rows(name, metrics.about(name))]
    fills = [
        [f"`{name}`", "yes" if told["random"] else "no", str(told["source"])]
        for name in replacements.names()
        for told in [replacements.about(name)]
    ]
    table = markdown(["Name", "Random", "Source"], fills, right=False)
    opening = HEAD.replace("{nulls}", _nulls())
    return opening + markdown(head, rows, right=False) + "\n" + FILLS + table + "\n"


def _nulls() -> str:
    """The rows of the table of null maps."""
    rows = [(null.label, null.means, null.unbeaten) for null in NULLS.values()]
    looking = "`random`, and others of `attribution.methods` that do not look at the network"
    rows.append(("the controls of the run", looking, "scores no better than that control"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rows(name: str, about: dict[str, Any]) -> list[list[str]]:
    """One row for each quantity; what holds for the metric stands in the first."""
    rows = []
    place = f"<br>keys in `{about['config']}`" if "config" in about else ""
    default = "<br>default" if about.get("default") else ""
    whole = [f"**{about['label']}**<br>`{name}`{place}{default}", _curves(about), str(about["source"])]
    for number, (quantity, told) in enumerate(about["quantities"].items()):
        first, curves, source = whole if number == 0 else ["", "", ""]
        chance = told.get("chance")
        means = [f"`{quantity}`", told.get("direction") or "–", _range(told)]
        rows.append([first, *means, "–" if chance is None else str(chance), told["means"], curves, source])
    return rows


def _range(told: dict[str, Any]) -> str:
    low, high = told.get("low"), told.get("high")
    return "–" if low is None else f"{low} and more" if high is None else f"{low} to {high}"


def _curves(about: dict[str, Any]) -> str:
    """The curves of a metric, over what they run; areas between curves are quantities."""
    names = [value(name) for name in about.get("curves", {})]
    return f"{', '.join(names)}<br>by {about['x'][0].lower()}{about['x'][1:]}" if names else "–"
