"""Methods that promise to take any classifier of torchvision, on the smallest one of every family."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from memory import give_back
from networks_of_every_kind import narrow
from signsight.attribution.run import Settings, explain_batch
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier, pictures

CLASSES = 5
SIZES = {
    "alexnet": 64,
    "convnext_tiny": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "efficientnet_v2_s": 64,
    "googlenet": 64,
    "inception_v3": 128,
    "maxvit_t": 224,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_x_400mf": 64,
    "regnet_y_400mf": 64,
    "resnet18": 64,
    "resnext50_32x4d": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vgg11": 64,
    "vgg11_bn": 64,
    "vit_b_16": 64,
    "wide_resnet50_2": 64,
}
WIDE = ("alexnet", "vgg11", "vgg11_bn")  # in the hidden layers of the head, where most of their weights are


@pytest.fixture(scope="module", params=SIZES)
def model(request: pytest.FixtureRequest) -> Iterator[Classifier]:
    """One network at a time, since together they take gigabytes.

    Seeded weights; a head that starts at zero, as that of ViT, is drawn too; wide heads are narrow.
    """
    torch.manual_seed(0)
    name = request.param
    network = build(name, CLASSES, SIZES[name])
    if name in WIDE:
        narrow(network.classifier)
    for module in network.modules():
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.05)
    yield classifier(network, CLASSES, SIZES[name])
    del network
    give_back()


@pytest.mark.parametrize("method", ["gradient", "grad_cam", "lrp_epsilon", "lrp_composite"])
def test_every_family_is_explained(model: Classifier, method: str) -> None:
    """Some of five classes has a map that is not zero: an untrained network may have nothing for one."""
    images, truth, cpu = pictures(1, model.size), np.zeros(1, int), torch.device("cpu")
    for target in range(CLASSES):
        settings = Settings(method, target, "logit", None, 1, {}, 0)
        (found,) = explain_batch(model, images, truth, ["a"], settings, cpu)
        assert found.shape == (model.size, model.size) and np.isfinite(found).all()
        if found.std() > 0:
            return
    pytest.fail("no class has a map")
