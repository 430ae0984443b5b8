"""LRP against zennit, an independent implementation that carries relevance through module hooks.

Both in double precision: in float32 the relevance of a ResNet rounds to 1e-4 of its peak on some CPUs.

Conventions that are the same: the bias takes a share, max pooling passes relevance to the winner,
average pooling and residual sums split in proportion, batch normalisation is merged into the
convolution before it, relevance starts as the logit and is read at the normalised pixels.
What differs: zennit adds a stabiliser (here 1e-13) to the denominators of all rules but epsilon, of average
pooling and of residual sums, where we have none but treat 0/0 as 0; so values agree as far as no
denominator comes near 0. zennit's epsilon 0 is NaN for an output that is exactly 0. Its batch
normalisation that cannot be merged passes relevance on whole, ours gives the bias a share (LRP-0):
no such network is compared. What its canonizer merges it applies once more with mean 0, variance 1 and the
module's own eps, 5e-6 off at eps 1e-5: here eps is 1e-12. Its z-box is given the bounds of normalised pixels.
"""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

from signsight.attribution.lrp.propagate import relevance
from signsight.attribution.lrp.rules import AlphaBeta, Epsilon, Flat, Gamma, Rules, ZBox
from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier

composites = pytest.importorskip("zennit.composites", reason="zennit is not installed")
theirs = pytest.importorskip("zennit.rules")
canonizers = pytest.importorskip("zennit.torchvision")
types = pytest.importorskip("zennit.types")

HEADS = {"alexnet": 256 * 6 * 6, "vgg11": 512 * 7 * 7}
SIZES = {"alexnet": 64, "vgg11": 32, "resnet18": 64}
STABLE = 1e-13
WITHIN = 1e-7  # of the peak; seeds 1 to 7 came to 1.3e-9 at most
TARGETS = torch.tensor([3, 0])
BOUNDS = (torch.zeros(1, 3, 1, 1).double(), torch.ones(1, 3, 1, 1).double())


@cache
def network(name: str) -> Classifier:
    """In double precision."""
    torch.manual_seed(1)
    model = build(name, 5, SIZES[name])
    if name in HEADS:  # as deep as the original, not as wide: most of its weights are there
        model.classifier = nn.Sequential(nn.Linear(HEADS[name], 32), nn.ReLU(), nn.Linear(32, 5))
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-12
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
    model.double().train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(8, 3, SIZES[name], SIZES[name], dtype=torch.float64))
    return classifier(model, 5, SIZES[name]).double()


def pixels(name: str) -> torch.Tensor:
    source = torch.Generator().manual_seed(2)
    return torch.rand(2, 3, SIZES[name], SIZES[name], generator=source, dtype=torch.float64)


def of_zennit(name: str, dense: object, convolution: object, first: object = None) -> torch.Tensor:
    """(2, 3, H, W) relevance of the normalised pixels."""
    model = network(name)
    rules = [(types.Convolution, convolution), (nn.Linear, dense)]
    composite = composites.SpecialFirstLayerMapComposite(
        composites.layer_map_base(STABLE) + rules,
        [(types.Convolution, first)] if first else [],
        canonizers=[canonizers.ResNetCanonizer()] if name == "resnet18" else [],
    )
    image = model.normalise(pixels(name)).requires_grad_()
    with composite.context(model.network) as explained:
        logits = explained(image)
        start = torch.zeros_like(logits).scatter_(1, TARGETS[:, None], 1) * logits.detach()
        return torch.autograd.grad(logits, image, start)[0]


def ours(name: str, rules: Rules) -> torch.Tensor:
    model = network(name)
    with frozen(model):
        return relevance(model, pixels(name), Classes(TARGETS), rules)


def assert_agreement(mine: torch.Tensor, other: torch.Tensor) -> None:
    """Largest difference as a share of the largest value, image by image."""
    assert mine.dtype == other.dtype == torch.float64
    peaks = other.abs().amax((1, 2, 3))
    assert (peaks > 0).all()
    assert ((mine - other).abs().amax((1, 2, 3)) / peaks).max() < WITHIN


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("epsilon", [0, 0.01, 100])
def test_epsilon(name: str, epsilon: float) -> None:
    rule = theirs.Epsilon(epsilon=epsilon)
    assert_agreement(ours(name, Rules(Epsilon(epsilon), Epsilon(epsilon))), of_zennit(name, rule, rule))


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("alpha", [1, 2])
def test_alpha_beta(name: str, alpha: float) -> None:
    rule = theirs.AlphaBeta(alpha=alpha, beta=alpha - 1, stabilizer=STABLE)
    assert_agreement(ours(name, Rules(AlphaBeta(alpha), AlphaBeta(alpha))), of_zennit(name, rule, rule))


@pytest.mark.parametrize("name", SIZES)
def test_gamma(name: str) -> None:
    rule = theirs.Gamma(gamma=0.25, stabilizer=STABLE)
    assert_agreement(ours(name, Rules(Gamma(0.25), Gamma(0.25))), of_zennit(name, rule, rule))


@pytest.mark.parametrize("name", SIZES)
def test_composite_epsilon_plus_flat(name: str) -> None:
    mine = ours(name, Rules(Epsilon(0.25), AlphaBeta(1), Flat()))
    other = of_zennit(
        name, theirs.Epsilon(0.25), theirs.ZPlus(stabilizer=STABLE), theirs.Flat(stabilizer=STABLE)
    )
    assert_agreement(mine, other)


@pytest.mark.parametrize("name", SIZES)
def test_composite_epsilon_gamma_box(name: str) -> None:
    mine = ours(name, Rules(Epsilon(0.25), Gamma(0.25), ZBox()))
    low, high = (network(name).normalise(bound) for bound in BOUNDS)
    box = theirs.ZBox(low, high, stabilizer=STABLE)
    other = of_zennit(name, theirs.Epsilon(0.25), theirs.Gamma(0.25, stabilizer=STABLE), box)
    assert_agreement(mine, other)
