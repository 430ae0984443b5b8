"""docs/methods.md: every attribution method, from what it declares, its cost, and where its maps lie."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

from signsight.core.registry import methods
from signsight.figures import numbers
from signsight.figures.style import families, method_style

DOCS = Path(__file__).parents[3] / "docs"
COSTS = DOCS / "methods_cost.csv"  # method, alexnet, resnet18: written by tests/bench/bench_attribution.py
METRICS = (
    DOCS / "methods_metrics.csv"
)  # the rows on localisation of tables/metrics.csv of config/methods.yaml
NETWORKS = {"alexnet": "AlexNet", "resnet18": "ResNet18"}
COLOURS = {
    "sum": "sum over the colours",
    "max_abs": "largest magnitude among the colours",
    "l2": "Euclidean length over the colours",
    "max_positive": "largest positive value among the colours",
    "max_negative": "magnitude of the most negative value among the colours",
}
NEEDS = {"gradient": "gradients", "forward": "forward passes", "nothing": "no network"}
ALONE = {"boxes": "the boxes of a detector alone", "classes": "classes alone"}
LAYERS = {"target": "the target layer", "readout": "a layer to be read out at, if one is named"}

PLACES = ("mass_symbol", "mass_sign", "mass_outside", "pointing_game_symbol")
LOCALISATION = """
## Where the maps lie, compared with the truth

Drawn signs come with masks of the sign and of its symbol. The table shows which share of the positive
values of a map lies in the symbol, in the rest of the sign, and outside ({count} test images of the demo's
signs, its trained `compact` network, 95 % intervals over images;
[config/methods.yaml](../config/methods.yaml) computes the numbers again). Random noise must get the
regions' own shares of the picture, and does. A high share says that a map shows what a person would call
the sign. Whether the network uses it is a question for the metrics of [metrics.md](metrics.md).

"""

HEAD = """# Attribution methods

<!-- Made by `make docs` from the declarations of the methods; do not edit. -->

An attribution method assigns a value to every pixel of a picture: how much that pixel has to do with the
score of one class. These names can stand in `attribution.methods` of a config, and
[config/gallery.yaml](../config/gallery.yaml) applies nearly all of them to your own pictures; in
`detection.methods` they explain the boxes of a detector ([detection.md](detection.md)). The pictures
here are three test signs of the demo in grey, with their map over them: the denser, the stronger. Maps
without sign go from black to yellow; in signed maps red speaks for the class and blue against it.

![The three signs](figures/methods/picture.png)

- **Signed** maps have negative values that count as evidence against the class. In the others there are no
  negative values, or their sign means nothing.
- Below the name of a method stand its **parameters** with their defaults ([their
  meaning](../config/README.md)).
- **Cost** is the time for a batch of 32 pictures as a multiple of one plain forward pass of that batch
  (measured in one run, with the default parameters).
- A method that does not suit a network says so in one sentence; the gallery then leaves its tiles empty.
"""

TAIL = """
## What is explained, which score, which layer

**The target** is `attribution.target`. Most often it is a class: `predicted` (what the network says of the
picture), `true` (the class in the data set; in an album of your own pictures the given class, or the
predicted one where none is given), or the number of one class for every picture. It can also be

- one class against another, the difference of their scores: `{class: predicted, against: runner_up}` asks
  why the network does not say its second choice. Each of the two can be a number;
- a channel of a layer, the mean over its positions: `{layer: features.last, channel: 3}`;
- one neuron of a channel, by row and column: `{layer: features.last, channel: 3, at: [2, 4]}`.

A class is chosen on the picture itself, never on a noisy, masked or occluded copy of it.

**The score** that is explained is `attribution.score`: `logit`, the output for the class before the
softmax, or `softmax`, its probability, which also falls when another class gains, and hardly changes where
the network is certain. Between two classes, either is the difference of the two scores; a unit of a layer
is explained as it is. Which score the metrics follow is a separate choice
(`evaluation.parameters.<metric>.score`).

**The target layer** of the class activation methods is `attribution.layer`, a name as in
`network.named_modules()`. If it is null, the project's own networks name theirs (`compact`:
`features.last`, `stn3`: `block3`). In any other network it is the last module whose output is a map with
more than one position, not counting pooling and dropout: `layer4` of a ResNet, `features` of AlexNet and
VGG. Rows of tokens, without the class token, count as maps, and so do outputs with the channels last. In a
ViT, whose head sees the class token alone, the target layer is the normalisation before the last attention;
in a Swin transformer it is the end of its last stage. A name that the network does not have is refused,
with the nearest ones. `layer_cam` takes several layers (`layers`) and fuses their maps.

**The LRP methods** reach back to the pixels. A [variant](#variants-one-method-with-several-settings) with a
`layer` reads out the relevance at the output of that layer instead:
`lrp_upper: {method: lrp_epsilon, layer: features.third}`. `attribution.layer` does not concern them.

## Which network

All classifiers of torchvision, and those of the project. What a method cannot do with a network, it refuses
in one sentence that says why:

- Controls, gradients, SmoothGrad, integrated gradients, occlusion and RISE take all networks.
- Guided backprop, deconvolution and guided Grad-CAM need ReLUs (modules, functions or methods, shared or in
  place), not GELU or SiLU. That excludes EfficientNet, ConvNeXt, ViT, Swin and MaxViT.
- CAM needs an average over the last map followed by a single linear layer, as in ResNet, DenseNet,
  MobileNetV2 or Swin.
- Grad-CAM and its relatives, Score-CAM and LayerCAM need maps or tokens, which all networks have except
  those of linear layers only.
- LRP takes networks that consist of linear and convolutional layers, batch and layer normalisation,
  pooling, sums, gates, attention and the usual activations. The classifiers of torchvision do.

LRP treats what a network computes as a factor as a constant: gates (the sigmoid of squeeze and excitation),
the divisor of a layer normalisation, and the weights of attention (Ali et al. 2022, arXiv:2202.07304). All
relevance goes to what is multiplied; queries and keys get none. An activation such as GELU passes relevance
on unchanged. Bias, class token and position embedding take the share of what they add.

## Variants: one method with several settings

`attribution.parameters.<method>` sets the parameters of a method wherever it is used. To use it with
several settings, name variants and list them like methods:

```yaml
attribution:
  methods: [random, lrp_epsilon, lrp_epsilon_100, grad_cam_shallow]
  variants:
    lrp_epsilon_100: {method: lrp_epsilon, parameters: {epsilon: 100}, label: "LRP-ε 100"}
    grad_cam_shallow: {method: grad_cam, layer: features.third.5}
```

A variant takes the parameters of its method where it names no others. It has maps, tables and a line in
figures of its own, and computing it leaves the rest as it was.

## Your own methods

[Adding your own](adding.md): one file, and one line of config.
"""


def page() -> str:
    """The page as Markdown."""
    return markdown(read_costs(), read_metrics())


def markdown(costs: Mapping[str, Mapping[str, str]], metrics: list[dict[str, str]]) -> str:
    """The page: a table of methods for every family, and where their maps lie compared with the truth.

    costs: method -> network -> ratio to a forward pass, as text; metrics: rows of `tables/metrics.csv` of the
    run of config/methods.yaml.
    """
    head = ["method", "what it measures", "when it misleads", "signed", "needs", "cost", "paper"]
    lines = [HEAD]
    for title, names in families(methods.names()).items():
        lines.append(f"\n## {title}\n\n| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
        lines += [_row(name, costs.get(name, {})) for name in names]
    return "".join([*lines, _localisation(metrics), TAIL])


def _localisation(metrics: list[dict[str, str]]) -> str:
    """Share of the positive relevance by region, methods in the order of the symbol's share."""
    rows = {(row["method"], row["quantity"]): row for row in metrics if row["metric"] == "localisation"}
    order = sorted({method for method, _ in rows}, key=lambda m: (-float(rows[m, PLACES[0]]["value"]), m))
    names = {"random": "**Random**"}
    body = [
        [names.get(m, method_style(m).label), *(_interval(rows[m, quantity]) for quantity in PLACES)]
        for m in order
    ]
    chance = [f"*{float(rows[order[0], quantity]['chance']):.3f}*" for quantity in PLACES] if order else []
    head = ["method", "in the symbol", "in the rest of the sign", "outside", "highest pixel in the symbol"]
    counted = max((int(row["n"]) for row in rows.values()), default=0)
    table = numbers.markdown(head, [*body, ["*share of the picture*", *chance]])
    return LOCALISATION.format(count=counted) + table + "\n"


def _interval(row: Mapping[str, str]) -> str:
    value, low, high = (float(row[key]) for key in ("value", "low", "high"))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _row(name: str, costs: Mapping[str, str]) -> str:
    about = methods.about(name)
    signed = "yes" if about["signed"] else "no"
    if how := about.get("reduce"):
        signed += f"; {COLOURS[how]}"
    ratios = [f"{label}\N{NO-BREAK SPACE}{costs[key]}" for key, label in NETWORKS.items() if costs.get(key)]
    defaults = [f"`{key}: {json.dumps(default)}`" for key, default in methods.defaults(name).items()]
    needs = [NEEDS[about["needs"]], *([LAYERS[about["layer"]]] if "layer" in about else [])]
    needs += [ALONE[about["explains"]]] if "explains" in about else []
    cells = [
        "<br>".join([f"**{method_style(name).label}**", f"`{name}`", *defaults, *_picture(name)]),
        about["measures"],
        about["misleads"],
        signed,
        "; ".join(needs),
        ", ".join(ratios) or "–",
        about["paper"],
    ]
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |\n"


def _picture(name: str) -> list[str]:
    """The picture of a method, once `snakemake method_pictures` has drawn it."""
    place = f"figures/methods/{name}.png"
    return [f"![{name}]({place})"] if (DOCS / place).is_file() else []


def read_metrics(path: Path = METRICS) -> list[dict[str, str]]:
    """The rows of a metric table, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_costs(path: Path = COSTS) -> dict[str, dict[str, str]]:
    """The measured costs, method -> network -> ratio as text ('' where it was not measured)."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row.pop("method"): row for row in csv.DictReader(file)}
