"""Batch sizes: what was asked for, or what memory allows."""

from __future__ import annotations

import torch
from torch import nn

from signsight.models import memory
from signsight.models.memory import batch_size_for, bytes_per_image
from small_models import classifier


def convolutions(size: int, width: int) -> memory.Classifier:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU()]
    return classifier(nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * size * size, 2)), 2, size)


def test_the_bytes_are_those_of_what_the_backward_pass_needs() -> None:
    """The normalised image, and the outputs of both rectified convolutions."""
    size, width = 8, 5
    image, output = 3 * size * size * 4, width * size * size * 4
    assert image + 2 * output <= bytes_per_image(convolutions(size, width)) <= 2 * image + 4 * output


def test_weights_are_not_counted_and_the_mode_is_put_back() -> None:
    model = convolutions(8, 5).train()
    before = bytes_per_image(model)
    model.network.append(nn.Linear(2, 2))
    assert model.training
    assert bytes_per_image(model) - before < 100


def test_a_number_is_taken_as_it_is_and_auto_stays_within_memory() -> None:
    small, large = convolutions(8, 5), convolutions(256, 64)
    assert batch_size_for(7, small) == 7
    assert batch_size_for("auto", small) == memory.MOST["cpu"]
    assert batch_size_for("auto", large) == memory.CPU_BYTES // (memory.OVERHEAD * bytes_per_image(large))
    assert 1 < batch_size_for("auto", large) < memory.MOST["cpu"]
