"""docs/methods.md, made from the registry of methods: `python -m signsight.docs.methods`."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signsight.config.check import load_schema
from signsight.core.files import write_text
from signsight.core.registry import methods
from signsight.figures import numbers
from signsight.figures.style import families, method_style

ROOT = Path(__file__).parents[3]
COSTS = (
    ROOT / "docs/methods_cost.csv"
)  # method, alexnet, resnet18: written by tests/bench/bench_attribution.py
# the localisation rows of tables/metrics.csv of a run of config/methods.yaml
METRICS = ROOT / "docs/methods_metrics.csv"
NETWORKS = {"alexnet": "AlexNet", "resnet18": "ResNet18"}
COLOURS = {
    "sum": "sum of the colours",
    "max_abs": "largest magnitude of the colours",
    "l2": "length over the colours",
    "max_positive": "largest positive value of the colours",
    "max_negative": "largest negative value of the colours, its sign dropped",
}
NEEDS = {"gradient": "gradients", "forward": "forward passes", "nothing": "no network"}

PLACES = ("mass_symbol", "mass_sign", "mass_outside", "pointing_game_symbol")
LOCALISATION = """
## Where the maps lie, on truth

Drawn signs come with masks of the sign and of its symbol. Of the positive values of every map, this share
lies in the symbol, in the rest of the sign, and outside ({count} test images of the demo's signs, its
trained `compact` network, 95 % intervals over images; [config/methods.yaml](../config/methods.yaml) makes the
numbers again). Random noise has to get the regions' own shares of the picture, and does. A high share says
that a map shows what a person would name as the sign; whether the network uses it, the metrics of
[metrics.md](metrics.md) ask.

"""

HEAD = """# Attribution methods

<!-- Made by `make docs` from the registry of methods; do not edit. -->

An attribution method gives every pixel of a picture a value: how much it has to do with the score of one
class. Any of these names can stand in `attribution.methods` of a config, and
[config/gallery.yaml](../config/gallery.yaml) shows what all of them make of your own pictures. The pictures
here are three test signs of the demo in grey under their map, the denser the stronger: from black to yellow
where values have no sign; where they have one, red for the class and blue against it.

![The three signs](figures/methods/picture.png)

- **Signed** maps have negative values that count as evidence against the class; of the others the sign says
  nothing or there is none.
- Below a method's name stand its **parameters** with their defaults ([what they mean](../config/README.md)).
- **Cost** is the time for a batch of 32 pictures as a multiple of one plain forward pass of that batch
  (measured in one run, with the default parameters).
- A method that does not suit a network says so in a sentence; the gallery then leaves its tiles empty.
"""

TAIL = """
## Which class, which score, which layer

**The explained class** is `attribution.target`: `predicted` (what the network says of the picture), `true`
(the class of the data set; in the gallery the given one, and the predicted one where none is given), or the
number of one class for every picture. It is chosen on the picture itself, never on a noisy, masked or
occluded copy of it.

**The score** that is explained is `attribution.score`: `logit`, the class's own output before the softmax, or
`softmax`, its probability, which also falls when another class gains, and hardly moves where the network
is sure. Which score the metrics follow is a choice of its own (`evaluation.parameters.<metric>.score`).

**The target layer** of the class activation methods is `attribution.layer`, a name as in
`network.named_modules()`. If it is null, a network of ours names its own (`compact`: `features.last`, `stn3`:
`block3`); of any other it is the last module to give a map of more than one position, poolings and dropout
left out: `layer4` of a ResNet, `features` of AlexNet and VGG. Rows of tokens are maps too, without the class
token, and so are outputs with the channels last: of a ViT, whose head sees the class token alone, the target
layer is the normalisation before the last attention, of a Swin transformer the end of its last stage. A name
that the network does not have is refused with the nearest ones. `layer_cam` takes several layers (`layers`)
and fuses their maps; the LRP methods can be read out at the output of a layer (`layer`) in place of the
pixels.

## Which network

Any classifier of torchvision, and those of the project. What a method cannot do with a network it refuses in
a sentence that names the reason:

- Controls, gradients, SmoothGrad, integrated gradients, occlusion and RISE take all networks.
- Guided backprop, deconvolution and guided Grad-CAM need ReLUs (modules, functions or methods, shared or in
  place), not GELU or SiLU: not EfficientNet, ConvNeXt, ViT, Swin, MaxViT.
- CAM needs an average over the last map and one linear layer behind it, as in ResNet, DenseNet, MobileNetV2
  or Swin.
- Grad-CAM and its kin, Score-CAM and LayerCAM need maps or tokens, so all but networks of linear layers.
- LRP takes what is built of linear and convolutional layers, batch and layer normalisation, poolings, sums,
  gates, attention and the usual activations: the classifiers of torchvision are.

LRP takes what a network computes as a factor for a fixed number: gates (the sigmoid of squeeze and
excitation), the divisor of a layer normalisation, and the weights of attention (Ali et al. 2022,
arXiv:2202.07304). All relevance goes to what is multiplied; queries and keys get none. An activation such as
GELU passes relevance on unchanged. Bias, class token and position embedding take the share of what
they add.

## Variants: one method with several settings

`attribution.parameters.<method>` sets the parameters of a method wherever it is used. To have it twice with
different ones, name variants and list them like methods:

```yaml
attribution:
  methods: [random, lrp_epsilon, lrp_epsilon_100, grad_cam_shallow]
  variants:
    lrp_epsilon_100: {method: lrp_epsilon, parameters: {epsilon: 100}, label: "LRP-ε 100"}
    grad_cam_shallow: {method: grad_cam, layer: features.third.5}
```

A variant takes the parameters of its method where it names no others, has maps, tables and a line in
figures of its own, and is computed without touching the rest.

## Methods of your own

[Adding a method](adding-a-method.md): one file, one line of config.
"""


def markdown(
    schema: Mapping[str, Any], costs: Mapping[str, Mapping[str, str]], metrics: list[dict[str, str]]
) -> str:
    """The page: a table of methods for every family, and where their maps lie on truth.

    schema: of config/schema.yaml; costs: method -> network -> ratio to a forward pass, as text;
    metrics: rows of `tables/metrics.csv` of the run of config/methods.yaml.
    """
    parameters = schema["properties"]["attribution"]["properties"]["parameters"]["properties"]
    head = ["method", "what it measures", "when it misleads", "signed", "needs", "cost", "paper"]
    lines = [HEAD]
    for title, names in families(methods.names()).items():
        lines.append(f"\n## {title}\n\n| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
        lines += [
            _row(name, parameters.get(name, {}).get("properties", {}), costs.get(name, {})) for name in names
        ]
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


def _row(name: str, parameters: Mapping[str, Any], costs: Mapping[str, str]) -> str:
    about = methods.about(name)
    signed = "yes" if about["signed"] else "no"
    if how := about.get("reduce"):
        signed += f"; {COLOURS[how]}"
    ratios = [f"{label}\N{NO-BREAK SPACE}{costs[key]}" for key, label in NETWORKS.items() if costs.get(key)]
    defaults = [f"`{key}: {json.dumps(part['default'])}`" for key, part in parameters.items()]
    cells = [
        "<br>".join([f"**{method_style(name).label}**", f"`{name}`", *defaults, _picture(name)]),
        about["measures"],
        about["misleads"],
        signed,
        NEEDS[about["needs"]],
        ", ".join(ratios) or "–",
        about["paper"],
    ]
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |\n"


def _picture(name: str) -> str:
    return f"![{name}](figures/methods/{name}.png)"


def read_metrics(path: Path = METRICS) -> list[dict[str, str]]:
    """The rows of a metric table, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_costs(path: Path = COSTS) -> dict[str, dict[str, str]]:
    """The measured costs, method -> network -> ratio as text ('' where it was not measured)."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row.pop("method"): row for row in csv.DictReader(file)}


if __name__ == "__main__":
    page = markdown(load_schema(ROOT / "config/schema.yaml"), read_costs(), read_metrics())
    write_text(ROOT / "docs/methods.md", page)
