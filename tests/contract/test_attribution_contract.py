"""Every registered attribution method keeps the registry's promises, on networks of every kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from signsight.attribution.registry import methods
from signsight.attribution.run import Settings, explain_batch
from signsight.models.classifier import Classifier
from signsight.models.registry import build
from small_models import classifier, gap, pictures

CPU = torch.device("cpu")
IDS = ["a", "b", "c"]


def made(name: str, size: int) -> Classifier:
    torch.manual_seed(0)
    network = build(name, 7, size)
    # Fresh running statistics of batch normalisation: an untrained deep network would be near constant.
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(8, 3, size, size))
    return classifier(network, 7, size)


NETWORKS: dict[str, tuple[Callable[[], Classifier], int]] = {
    "gap": (lambda: gap(7, 24), 24),
    "gap in place": (lambda: gap(7, 24, inplace=True), 24),
    "compact": (lambda: made("compact", 48), 48),
    "stn3": (lambda: made("stn3", 48), 48),
    "resnet18": (lambda: made("resnet18", 64), 64),
    "squeezenet1_1": (lambda: made("squeezenet1_1", 64), 64),
}


@cache
def network(kind: str) -> Classifier:
    return NETWORKS[kind][0]()


def explain(method: str, kind: str, score: str = "logit") -> np.ndarray:
    parameters = {"samples": 2} if method.startswith("smooth") else {}
    chosen = Settings(method, "predicted", score, None, 3, parameters, 0)
    images = pictures(3, NETWORKS[kind][1])
    before = images.copy()
    maps = explain_batch(network(kind), images, np.zeros(3, int), IDS, chosen, CPU)
    np.testing.assert_array_equal(images, before)
    return maps


@pytest.mark.parametrize("method", methods.names())
@pytest.mark.parametrize("kind", NETWORKS)
def test_maps_keep_the_promise(method: str, kind: str) -> None:
    size = NETWORKS[kind][1]
    maps = explain(method, kind)
    assert maps.shape == (3, size, size) and maps.dtype == np.float32
    assert np.isfinite(maps).all()
    if not methods.about(method)["signed"]:
        assert maps.min() >= 0
    assert (maps.std((1, 2)) > 0).any()
    assert len({one.tobytes() for one in maps if one.any()}) == maps.any((1, 2)).sum()


@pytest.mark.parametrize("method", methods.names())
@pytest.mark.parametrize("score", ["logit", "softmax"])
def test_maps_come_back_for_either_score(method: str, score: str) -> None:
    maps = explain(method, "gap", score)
    assert np.isfinite(maps).all() and maps.any()
    np.testing.assert_array_equal(maps, explain(method, "gap", score))


@pytest.mark.parametrize("method", methods.names())
def test_what_a_method_says_of_itself(method: str) -> None:
    about = methods.about(method)
    assert isinstance(about["signed"], bool)
    assert about["needs"] in ("gradient", "forward", "nothing")
    assert about["paper"]


@pytest.mark.parametrize("method", methods.names())
def test_maps_are_not_normalised(method: str) -> None:
    """A score twice as high gives another map, of linear methods the double."""
    model, images = gap(7, 24), pictures(3, 24)
    chosen = Settings(method, 2, "logit", None, 3, {}, 0)
    once = explain_batch(model, images, np.zeros(3, int), IDS, chosen, CPU)
    with torch.no_grad():
        model.network.head.weight *= 2
    twice = explain_batch(model, images, np.zeros(3, int), IDS, chosen, CPU)
    if methods.about(method)["needs"] == "nothing":
        np.testing.assert_array_equal(twice, once)
    elif method in ("saliency", "grad_cam"):
        np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)
    else:
        assert not np.allclose(twice, once)
