"""Classifiers: normalisation by their own statistics, pixels in [0, 1], batches in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models.classifier import (
    Classifier,
    forward_batches,
    mean_and_std,
    new_classifier,
    to_pixels,
)
from signsight.models.memory import bytes_per_image
from signsight.models.stages import stages


def image_set(folder: Path, images: np.ndarray) -> ImageSet:
    with image_writer(folder, *images.shape[:3]) as writer:
        writer.append(images)
    count = len(images)
    index = {"image_id": range(count), "class_id": 0, "track": "", "source": "test"}
    write_index(folder, pd.DataFrame(index))
    return open_image_set(folder)


class MeanColour(nn.Module):
    """Logits are the mean of each normalised colour."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3))


def classifier(size: int = 4) -> Classifier:
    return Classifier(
        MeanColour(),
        architecture="none",
        parameters={},
        classes=["r", "g", "b"],
        size=size,
        mean=[0.1, 0.2, 0.3],
        std=[0.5, 0.25, 0.2],
    )


def test_normalises_with_its_own_mean_and_std() -> None:
    logits = classifier()(torch.ones(2, 3, 4, 4))
    want = torch.tensor([[0.9 / 0.5, 0.8 / 0.25, 0.7 / 0.2]]).expand(2, 3)
    torch.testing.assert_close(logits, want)


def test_pixels_of_images() -> None:
    images = np.zeros((1, 2, 3, 3), np.uint8)
    images[0, 1, 2] = [255, 51, 0]
    pixels = to_pixels(images)
    assert pixels.shape == (1, 3, 2, 3)
    torch.testing.assert_close(pixels[0, :, 1, 2], torch.tensor([1.0, 0.2, 0.0]))
    assert pixels.sum() == pytest.approx(1.2)


def test_statistics_are_numpys_on_the_rows_named(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5000, 3, 3, 3), dtype=np.uint8)
    rows = np.array([0, 7, 7, 4500, 4999])
    mean, std = mean_and_std(image_set(tmp_path, images), rows)
    chosen = images[[0, 7, 4500, 4999]].reshape(-1, 3) / 255
    np.testing.assert_allclose(mean, chosen.mean(0), rtol=1e-12)
    np.testing.assert_allclose(std, chosen.std(0), rtol=1e-12)


def test_the_layer_of_cam_methods_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    model = new_classifier("compact", {"width": 2}, ["a", "b"], 16, [0.5], [0.25], channels=1)
    with caplog.at_level("INFO", "signsight"):
        assert model.target_layer() == model.target_layer() == "network.features.last"
    assert caplog.messages == ["class activation methods look at the layer 'features.last'"]


def test_layers_and_memory_of_a_grey_network() -> None:
    first = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())
    network = nn.Sequential(first, nn.MaxPool2d(2), nn.Conv2d(4, 4, 1), nn.Flatten(), nn.Linear(64, 2))
    facts = {"architecture": "none", "parameters": {}, "classes": ["a", "b"], "size": 8}
    model = Classifier(network, **facts, mean=[0.5], std=[0.25], channels=1)
    assert model.target_layer() == "network.2" and stages(network, 8, 1) == ["0", "2"]
    assert bytes_per_image(model) >= 4 * 8 * 8 * 4


def test_statistics_of_grey_are_those_of_luma(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5000, 3, 3, 3), dtype=np.uint8)
    mean, std = mean_and_std(image_set(tmp_path, images), np.arange(4500), channels=1)
    luma = images[:4500] @ np.array([0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(mean, [luma.mean()], rtol=1e-12)
    np.testing.assert_allclose(std, [luma.std()], rtol=1e-12)


def test_a_colour_that_never_varies_can_be_normalised(tmp_path: Path) -> None:
    images = np.full((2, 3, 3, 3), 255, np.uint8)
    mean, std = mean_and_std(image_set(tmp_path, images), np.array([0, 1]))
    assert mean == [1, 1, 1]
    assert std == [1 / 255] * 3


def test_batches_keep_their_order_and_the_mode() -> None:
    images = np.random.default_rng(1).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    model = classifier().train()
    logits = torch.cat(list(forward_batches(model, [images[:2], images[2:]], "cpu")))
    torch.testing.assert_close(logits, model(to_pixels(images)))
    assert model.training
