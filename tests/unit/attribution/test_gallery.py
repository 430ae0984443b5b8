"""The gallery's maps: which class is explained, colours and maps that agree, refusals, sweeps, stages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from signsight.attribution.gallery import explain_pictures, layer_sweep, picture_table, sweeps
from signsight.attribution.reduce import REDUCTIONS
from signsight.attribution.run import Settings
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.build import build
from signsight.models.stages import stages
from small_models import classifier, gap, linear, pictures


def settings(method: str, batch_size: int = 64, **parameters: object) -> Settings:
    return Settings(method, "true", "logit", None, batch_size, parameters, 7)


def listed(class_ids: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"file": [f"{i}.png" for i in range(len(class_ids))], "class_id": class_ids})


def test_table_says_what_is_seen_and_explained() -> None:
    model, images = linear(size=12), pictures(3, 12)
    with torch.no_grad():
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
        shares = model(pixels.float()).softmax(1).numpy()
    seen = shares.argmax(1)
    for target, expected in (
        ("predicted", seen),
        ("true", [1, seen[1], 3]),  # the second has no class
        (2, [2, 2, 2]),
    ):
        table = picture_table(model, listed([1, -1, 3]), images, target, 2)
        assert table["explained_id"].tolist() == list(expected)
        assert table["predicted_id"].tolist() == seen.tolist()
        assert table["class_name"].tolist() == ["1", "", "3"]
        assert table["explained_name"].tolist() == [str(c) for c in expected]
        np.testing.assert_allclose(table["probability"], shares.max(1), rtol=1e-5)
        np.testing.assert_allclose(table["explained_probability"], shares[range(3), expected], rtol=1e-5)
        for text, own in zip(table["most_probable"], shares, strict=True):
            pairs = [part.split() for part in text.split(", ")]
            assert [int(number) for number, _ in pairs] == np.argsort(-np.asarray(own))[:5].tolist()
            np.testing.assert_allclose([float(s) for _, s in pairs], np.sort(own)[::-1][:5], rtol=1e-5)
    with pytest.raises(UserError, match=r"attribution\.target"):
        picture_table(model, listed([1, 1, 1]), images, 4, 2)


def test_a_linear_model_gives_its_weights_in_colour() -> None:
    model, images = linear(size=12), pictures(3, 12)
    table = picture_table(model, listed([1, 2, 3]), images, "true", 64)
    found = explain_pictures(model, images, table, settings("gradient", batch_size=2))
    weights = model.network[1].weight.detach().reshape(4, 3, 12, 12) / model.std[:, None, None]
    np.testing.assert_allclose(found["colours"], weights[[1, 2, 3]], rtol=1e-5)
    np.testing.assert_allclose(found["maps"], weights[[1, 2, 3]].sum(1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["saliency", "sensitivity_l2", "negative_saliency"])
def test_maps_are_the_reduced_colours(method: str) -> None:
    model, images = gap(), pictures(2, 16)
    table = picture_table(model, listed([-1, -1]), images, "predicted", 64)
    found = explain_pictures(model, images, table, settings(method))
    reduction = REDUCTIONS[str(methods.about(method)["reduce"])]
    np.testing.assert_array_equal(found["maps"], reduction(torch.from_numpy(found["colours"])).numpy())


def test_a_method_that_refuses_leaves_its_sentence() -> None:
    model, images = linear(size=12), pictures(2, 12)
    table = picture_table(model, listed([-1, -1]), images, "predicted", 64)
    found = explain_pictures(model, images, table, settings("grad_cam"))
    assert set(found) == {"refused"} and str(found["refused"]).count(".") >= 1


def test_a_method_without_colours_gives_maps_only() -> None:
    model, images = gap(), pictures(3, 16)
    table = picture_table(model, listed([-1] * 3), images, "predicted", 64)
    found = explain_pictures(model, images, table, settings("grad_cam", batch_size=2))
    assert set(found) == {"maps"} and found["maps"].shape == (3, 16, 16)


def test_sweeps() -> None:
    model, images = gap(), pictures(2, 16)
    table = picture_table(model, listed([-1, -1]), images, "predicted", 64)
    smooth, layer = settings("smooth_grad", samples=3, spread=0.2), settings("layer_cam")
    found = sweeps(model, images, table, smooth, layer, [1, 3], [0.0, 0.2, 0.3], None)
    assert found["samples"].shape == (2, 2, 16, 16) and found["spreads"].shape == (2, 3, 16, 16)
    # where both sweeps meet they agree; without noise SmoothGrad is the gradient
    np.testing.assert_array_equal(found["samples"][:, 1], found["spreads"][:, 1])
    plain = explain_pictures(model, images, table, settings("saliency"))["maps"]
    np.testing.assert_allclose(found["spreads"][:, 0], plain, rtol=1e-4, atol=1e-7)
    assert found["layers"].tolist() == ["features.1", "features"]
    assert found["maps"].shape == (2, 3, 16, 16)
    # each map is scaled to its maximum, and the fused one is the largest of them
    np.testing.assert_allclose(found["maps"][:, 2], found["maps"][:, :2].max(1), rtol=1e-5)


def test_sweeps_of_a_network_without_maps_say_so() -> None:
    model, images = linear(size=12), pictures(1, 12)
    table = picture_table(model, listed([-1]), images, "predicted", 64)
    found = sweeps(
        model, images, table, settings("smooth_grad"), settings("layer_cam"), [1], [0.1], layers=None
    )
    assert "maps" not in found and "no layer" in str(found["refused"])
    with pytest.raises(UserError, match=r"gallery\.layers"):
        layer_sweep(model, images, table, settings("layer_cam"), ["features"])


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("compact", 48, ["features.first.2", "features.second.5", "features.third.5", "features.last"]),
        ("stn3", 48, ["block1.1", "block2.1", "block3.1", "block3"]),
        ("squeezenet1_1", 64, ["features.1", "features.4", "features.7", "classifier.2"]),
        ("resnet18", 224, ["relu", "layer1", "layer2", "layer3", "layer4"]),
    ],
)
def test_stages_are_the_last_layers_of_each_resolution(name: str, size: int, expected: list[str]) -> None:
    network = build(name, 5, size).train()
    assert stages(network, size) == expected
    assert network.training and not any(m._forward_hooks for m in network.modules())


def test_stages_leave_out_what_runs_twice() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()
            self.second = nn.Conv2d(4, 4, 3, stride=2, padding=1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            hidden = self.relu(self.first(images))
            return self.second(self.relu(hidden)).mean((2, 3))

    assert stages(classifier(Shared(), 4, 8).network, 8) == ["first", "second"]


def test_pairs_of_classes_and_units_are_in_the_table_and_explained_from_it() -> None:
    model, images = gap(), pictures(3, 16)
    pair = {"class": "true", "against": "runner_up"}
    table = picture_table(model, listed([1, -1, 3]), images, pair, 2)
    assert table["explained_id"].tolist() == [1, table["predicted_id"][1], 3]
    assert (table["against_id"] >= 0).all() and (table["against_id"] != table["explained_id"]).all()
    names = zip(table["explained_id"], table["against_id"], strict=True)
    assert table["explained_name"].tolist() == [f"{one} against {other}" for one, other in names]
    assert table["explained_probability"].isna().all()

    def maps(target: object, chosen: pd.DataFrame) -> np.ndarray:
        one = Settings("gradient", target, "logit", None, 2, {}, 7)
        return explain_pictures(model, images, chosen, one)["maps"]

    ids = ["explained_id", "against_id"]
    own, other = (maps("true", table.assign(explained_id=table[name])) for name in ids)
    np.testing.assert_allclose(maps(pair, table), own - other, rtol=1e-3, atol=1e-5)
    unit = {"layer": "features.0", "channel": 2, "at": [1, 4]}
    table = picture_table(model, listed([1, -1, 3]), images, unit, 2)
    assert (table[ids] == -1).all(axis=None) and table["explained_probability"].isna().all()
    assert table["explained_name"].tolist() == ["channel 2 of features.0, row 1, column 4"] * 3
    assert maps(unit, table).any((1, 2)).all()
