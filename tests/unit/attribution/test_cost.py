"""The cost of a map: by clocks that are known, and by a method whose number of forward passes is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from signsight.attribution.cost import PASSES, Stopwatch, forward_seconds
from signsight.attribution.cost_table import Seconds, cost_table, joined_costs
from signsight.attribution.run import Settings, explain_set
from signsight.core.files import read_csv
from small_models import gap, image_set, pictures

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def clock(*readings: float) -> Callable[[], float]:
    """A clock that shows these times."""
    return iter(readings).__next__


def test_cpu_and_gpu_seconds_are_kept_apart() -> None:
    watch = Stopwatch(GPU, cpu=clock(1, 2, 10, 13), wall=clock(100, 108, 200, 202))
    for images in (4, 6):
        with watch.running(images):
            pass
    assert watch.images == 10 and watch.seconds == Seconds(cpu=0.4, gpu=1.0)


def test_without_a_gpu_there_are_no_gpu_seconds() -> None:
    watch = Stopwatch(CPU, cpu=clock(0, 3), wall=clock(0, 70))
    with watch.running(6):
        pass
    assert watch.seconds == Seconds(cpu=0.5, gpu=None)


def test_a_forward_pass_is_the_median_of_some_after_one_that_warms_up() -> None:
    passes: list[int] = []
    model = gap()
    model.network.register_forward_pre_hook(lambda module, inputs: passes.append(len(inputs[0])))
    durations = itertools.accumulate([0, 8, 0, 2, 0, 900, 0, 4, 0, 6])  # of five passes: 8, 2, 900, 4 and 6 s
    ticks = list(durations)
    found = forward_seconds(
        model,
        pictures(4, 16),
        CPU,
        lambda device: Stopwatch(device, cpu=lambda: ticks.pop(0), wall=lambda: 0.0),
    )
    assert passes == [4] * (1 + PASSES)
    assert found == Seconds(cpu=6 / 4, gpu=None)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_stays_as_it_was(training: bool) -> None:
    model = gap().train(training)
    forward_seconds(model, pictures(2, 16), CPU)
    assert model.training is training


@pytest.mark.parametrize(
    ("own", "forward", "passes"),
    [
        (Seconds(0.6, None), Seconds(0.2, None), 3),
        (Seconds(0.6, 0.08), Seconds(0.2, 0.02), 4),  # the GPU's own time decides
    ],
)
def test_the_row_has_both_times_and_their_ratio(own: Seconds, forward: Seconds, passes: float) -> None:
    (row,) = cost_table(own, forward, 90, 32, "cuda" if own.gpu else "cpu").to_dict("records")
    assert row["forward_passes"] == pytest.approx(passes)
    assert (row["images"], row["batch_size"], row["device"]) == (90, 32, "cuda" if own.gpu else "cpu")
    assert (row["cpu_seconds"], row["gpu_seconds"]) == (own.cpu, own.gpu)
    assert (row["forward_cpu_seconds"], row["forward_gpu_seconds"]) == (forward.cpu, forward.gpu)


@pytest.mark.parametrize("gpu", [False, True])
def test_costs_of_shards_are_means_over_their_images(gpu: bool, tmp_path: Path) -> None:
    """Also as they are read again, and where a shard has no images."""
    tables = []
    for images, seconds in ((30, 0.2), (10, 0.6), (0, 0.0)):
        own, forward = (Seconds(s, s / 2 if gpu else None) for s in (seconds, 0.1))
        cost_table(own, forward, images, 16, "cuda" if gpu else "cpu").to_csv(tmp_path / "t.csv", index=False)
        tables.append(read_csv(tmp_path / "t.csv"))
    (row,) = joined_costs(tables).to_dict("records")
    assert row["images"] == 40 and row["batch_size"] == 16
    assert row["cpu_seconds"] == pytest.approx(0.3) and row["forward_passes"] == pytest.approx(3)
    assert row["gpu_seconds"] == pytest.approx(0.15) if gpu else row["gpu_seconds"] is None


def test_of_shards_on_two_kinds_of_devices_that_of_most_images_counts() -> None:
    few = cost_table(Seconds(9, None), Seconds(1, None), 10, 16, "cpu")
    many = cost_table(Seconds(1, 0.4), Seconds(1, 0.1), 20, 64, "cuda")
    (row,) = joined_costs([few, many, many]).to_dict("records")
    assert (row["device"], row["images"], row["batch_size"]) == ("cuda", 40, 64)
    assert row["gpu_seconds"] == pytest.approx(0.4) and row["forward_passes"] == pytest.approx(4)


def test_integrated_gradients_cost_as_many_passes_as_they_have_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that counts images in the network: what is explained is chosen before, and costs nothing."""
    count, model = [0], gap()

    def forward(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        count[0] += len(inputs[0])

    model.network.register_forward_pre_hook(forward)
    monkeypatch.setattr("signsight.attribution.cost.time.process_time", lambda: float(count[0]))
    images = image_set(tmp_path / "images", pictures(10, 16), np.arange(10) % 5)
    plain = forward_seconds(model, images.images.read(0, 4), CPU)
    for method, expected in (("integrated_gradients", 7), ("saliency", 1), ("random", 0)):
        parameters = {"steps": 7} if method == "integrated_gradients" else {}
        settings = Settings(method, "predicted", "logit", None, 4, parameters, 0)
        watch = explain_set(model, images, settings, CPU, tmp_path / f"{method}.npy")
        assert watch.images == 6
        assert cost_table(watch.seconds, plain, 6, 4, "cpu")["forward_passes"][0] == pytest.approx(expected)
