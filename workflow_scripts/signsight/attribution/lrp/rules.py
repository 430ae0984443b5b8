"""Rules of layer-wise relevance propagation for linear layers, in terms of G = relevance / activation.

A layer has inputs a_i, contributions z_ij = a_i w_ij and outputs z_j = sum of z_ij + b_j. The bias takes
its share of the relevance as a contribution that no input gets, as in the published formulas.
For inputs >= 0 the positive contributions are those of positive weights. For others they are
(z_ij + |z_ij|) / 2 with |z_ij| = |a_i| |w_ij|: again one more pass, not one for each pair of signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from signsight.attribution.lrp.step import Step

# A sum of contributions of one sign, found as a difference, is rounding below this share of them all.
ROUNDING = 1e-6
PIECE = 1 << 19  # weights of a linear layer that a rule is given at a time


class Rule(Protocol):
    """G of the inputs from the layer, its outputs z and their G, each shaped as the outputs."""

    def __call__(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """Shaped as the inputs."""


def by_rows(rule: Rule, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """The rule, on a linear layer a few outputs at a time: their parts of the inputs' relevance add up.

    So the weights that a rule changes stay in the processor's cache, and a changed head never exists whole.
    """
    rows = max(PIECE // step.weight[0].numel(), 1)
    if step.name != "linear" or rows >= len(step.weight):
        return rule(step, z, g)
    return sum(
        rule(step.outputs(place, place + rows), z[..., place : place + rows], g[..., place : place + rows])
        for place in range(0, len(step.weight), rows)
    )


def _absolute(step: Step) -> torch.Tensor:
    """Sum of |z_ij| and |b_j|."""
    return step.run(step.inputs.abs(), step.weight.abs(), None if step.bias is None else step.bias.abs())


def _clamped(step: Step) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Positive weights and bias, 0 for the others."""
    return step.weight.clamp(min=0), None if step.bias is None else step.bias.clamp(min=0)


def _over(part: torch.Tensor, whole: torch.Tensor, nothing: torch.Tensor) -> torch.Tensor:
    """part / whole, written to `whole`; 0 where `nothing` (boolean) says so."""
    return torch.div(part, whole.masked_fill_(nothing, float("inf")), out=whole)


@dataclass(frozen=True)
class Epsilon:
    """R_i = sum_j z_ij / (z_j + epsilon sign(z_j)) R_j; 0/0 is 0. Bach et al. 2015, equation 58."""

    epsilon: float

    def __call__(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """See `Rule`."""
        size = z.abs()
        bottom = (size + self.epsilon).clamp_(min=torch.finfo(z.dtype).tiny)
        return step.back(size.div_(bottom).mul_(g), step.weight)


@dataclass(frozen=True)
class AlphaBeta:
    """R_i = sum_j (alpha z+_ij / z+_j + (1 - alpha) z-_ij / z-_j) R_j. Bach et al. 2015, equation 60.

    A share without contributions of its sign is lost, as published.
    """

    alpha: float

    def __call__(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """See `Rule`."""
        if bool((step.inputs >= 0).all()):
            return self._of_positive(step, z, g)
        return self._of_any(step, z, g)

    def _of_positive(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        relevance, (weight, bias) = z * g, _clamped(step)
        positive = step.run(step.inputs, weight, bias)
        negative = z - positive if self.alpha != 1 else None
        nothing = None if negative is None else torch.add(negative, positive, alpha=ROUNDING) >= 0
        found = step.back(_over(relevance, positive, positive == 0).mul_(self.alpha), weight)
        if negative is not None:
            weight = step.weight.clamp(max=0)
            found += step.back(_over(relevance, negative, nothing).mul_(1 - self.alpha), weight)
        return found

    def _of_any(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        relevance, positive = z * g, _absolute(step)
        # sum of |z_ij| + z is 2 z+ and a positive contribution is half of z_ij + |z_ij|: the halves cancel
        negative = positive - z
        positive += z
        nothing = (positive <= ROUNDING / 2 * negative, negative <= ROUNDING / 2 * positive)
        odd = even = _over(relevance, positive, nothing[0]).mul_(self.alpha)
        if self.alpha != 1:
            share = _over(relevance, negative, nothing[1]).mul_(1 - self.alpha)
            even -= share
            odd = share.mul_(2).add_(even)
        return step.back(even, step.weight) + step.inputs.sign() * step.back(odd, step.weight.abs())


@dataclass(frozen=True)
class Gamma:
    """R_i = sum_j (z_ij + gamma z^s_ij) / (z_j + gamma z^s_j) R_j, with s the sign of z_j.

    z^s are the contributions of that sign: for inputs and outputs >= 0 the rule of Montavon et al. 2019,
    for others its generalisation by Andéol et al. 2021.
    """

    gamma: float

    def __call__(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """See `Rule`."""
        size = z.abs()
        bottom = _absolute(step).add_(size).mul_(self.gamma / 2).add_(size)  # |z| + gamma |z^s|
        share = size.div_(bottom.clamp_(min=torch.finfo(z.dtype).tiny)).mul_(g)
        if not bool((step.inputs >= 0).all()):
            plain = step.back(share, (1 + self.gamma / 2) * step.weight)
            signed = step.back(share.mul_(z.sign()), self.gamma / 2 * step.weight.abs())
            return plain + step.inputs.sign() * signed
        below = share.masked_fill(z > 0, 0)
        share.masked_fill_(z < 0, 0)
        weight = step.weight.clamp(min=0).mul_(self.gamma).add_(step.weight)
        found = step.back(share, weight)
        if bool(below.any()):  # never in front of a ReLU
            weight = step.weight.clamp(max=0).mul_(self.gamma).add_(step.weight)
            found += step.back(below, weight)
        return found


@dataclass(frozen=True)
class ZBox:
    """R_i = sum_j (z_ij - low_i w+_ij - high_i w-_ij) / (sum over i of the same) R_j; gives R, not G.

    For the layer that sees the image, whose values lie between low and high. Montavon et al. 2017.
    """

    def __call__(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """R of the inputs."""
        # low w+ + high w- is centre w - radius |w|
        centre, radius = (step.low + step.high) / 2, (step.high - step.low) / 2
        size = step.weight.abs()
        box = step.run(radius, size)
        bottom = z - step.run(centre, step.weight, step.bias) + box
        share = _over(z * g, bottom, bottom <= ROUNDING * box)
        return (step.inputs - centre) * step.back(share, step.weight) + radius * step.back(share, size)


@dataclass(frozen=True)
class Flat:
    """R_j in equal parts to all inputs of the output j; gives R, not G. Lapuschkin et al. 2019."""

    def __call__(self, step: Step, z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """R of the inputs."""
        ones = torch.ones_like(step.weight)
        return step.back(z * g / step.run(torch.ones_like(step.inputs[:1]), ones), ones)


@dataclass(frozen=True)
class Rules:
    """Which rule goes where; `first` is that of the layers that see the image, None as the others."""

    dense: Rule
    convolution: Rule
    first: Rule | None = None
