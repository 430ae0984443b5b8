"""LRP methods of the registry: which rule goes where.

All start from the logit of the explained class, as published (`score: softmax` changes nothing here), from
the difference of two, or from a unit of a layer. Relevance is that of the normalised pixels, or that of the
output of the layer that a variant names.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from signsight.attribution.lrp.propagate import relevance
from signsight.attribution.lrp.rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, Rules, ZBox
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.parameters import Limits
from signsight.core.registry import methods

FIRST: dict[str, Rule | None] = {"z_box": ZBox(), "flat": Flat(), "same": None}


def _maps(task: Task, images: torch.Tensor, targets: Bound, rules: Rules) -> torch.Tensor:
    """(B, 3, H, W) at the pixels; (B, H, W) of the task's layer, where it names one."""
    if task.layer_name is None:
        return relevance(task.model, images, targets, rules)
    layer = task.named_layer(task.layer_name, "attribution.variants.<name>.layer")
    return task.enlarged(relevance(task.model, images, targets, rules, layer).sum(1), images, layer)


@methods.register(
    "lrp_epsilon",
    label="LRP-ε",
    family="Relevance",
    style=5,
    signed=True,
    needs="gradient",
    layer="readout",
    reduce="sum",
    paper="Bach et al. 2015, doi:10.1371/journal.pone.0130140, equation 58",
    measures="what each pixel contributes to the logit, small contributions damped by epsilon",
    misleads="with a small epsilon as noisy as gradient x input; black and mean-coloured pixels get little",
)
def lrp_epsilon(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    epsilon: Annotated[float, Limits(0, 1e6), "Stabiliser of the denominators; 0 is LRP-0."] = 0.01,
) -> torch.Tensor:
    """The epsilon rule in every layer; epsilon 0 is LRP-0."""
    rule = Epsilon(epsilon)
    return _maps(task, images, targets, Rules(rule, rule))


@methods.register(
    "lrp_alpha_beta",
    label="LRP-αβ",
    family="Relevance",
    style=12,
    signed=True,
    needs="gradient",
    layer="readout",
    reduce="sum",
    paper="Bach et al. 2015, doi:10.1371/journal.pone.0130140, equation 60",
    measures="contributions to the logit, positive and negative ones weighted separately in every layer",
    misleads="alpha 1 separates classes poorly: it shows what is active for any of them",
)
def lrp_alpha_beta(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    alpha: Annotated[float, Limits(1, 1000), "Weight of the positive contributions; beta is 1 - alpha."] = 2,
) -> torch.Tensor:
    """The alpha-beta rule in every layer, beta = 1 - alpha."""
    rule = AlphaBeta(alpha)
    return _maps(task, images, targets, Rules(rule, rule))


@methods.register(
    "lrp_gamma",
    label="LRP-γ",
    family="Relevance",
    style=33,
    signed=True,
    needs="gradient",
    layer="readout",
    reduce="sum",
    paper="Montavon et al. 2019, doi:10.1007/978-3-030-28954-6_10",
    measures="contributions to the logit, supporting ones favoured by gamma",
    misleads="a large gamma hides what speaks against the class",
)
def lrp_gamma(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    gamma: Annotated[float, Limits(0, 1e6), "How much positive weights are favoured."] = 0.25,
) -> torch.Tensor:
    """The gamma rule in every layer."""
    rule = Gamma(gamma)
    return _maps(task, images, targets, Rules(rule, rule))


@methods.register(
    "lrp_composite",
    label="LRP composite",
    family="Relevance",
    style=34,
    signed=True,
    needs="gradient",
    layer="readout",
    reduce="sum",
    paper="Kohlbrenner et al. 2020, arXiv:1910.09840",
    measures="contributions to the logit, by a rule that fits the depth of each layer",
    misleads="smooth maps look more certain than they are; the rule at the input shapes them",
)
def lrp_composite(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    epsilon: Annotated[float, Limits(0, 1e6), "Stabiliser of the fully connected layers."] = 0.25,
    convolutions: Annotated[Literal["alpha_beta", "gamma"], "Rule of the convolutions."] = "alpha_beta",
    alpha: Annotated[float, Limits(1, 1000), "Alpha of the alpha-beta rule; beta is 1 - alpha."] = 1,
    gamma: Annotated[float, Limits(0, 1e6), "Gamma of the gamma rule."] = 0.25,
    first: Annotated[
        Literal["z_box", "flat", "same"],
        "Rule of the first convolution: `z_box` (pixels within [0, 1]), `flat`, or the `same` as the others.",
    ] = "z_box",
) -> torch.Tensor:
    """Epsilon in linear layers, `convolutions` below, `first` where the network sees the image."""
    below = AlphaBeta(alpha) if convolutions == "alpha_beta" else Gamma(gamma)
    rules = Rules(Epsilon(epsilon), below, FIRST[first])
    return _maps(task, images, targets, rules)
