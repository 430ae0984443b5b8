"""Slow methods and metrics tell how far they are within one batch, in steps that follow their passes."""

from __future__ import annotations

import logging
import re
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from signsight.attribution import run
from signsight.attribution.run import Settings, explain_batch, explain_set, explainer
from signsight.core.registry import methods, metrics
from signsight.data.progress import progress
from small_models import block_of, gap, image_set, noise_maps, pictures

CPU = torch.device("cpu")
LINE = re.compile(r"of 1 batches \((\d+) %\)")
# method -> parameters with which it makes many passes
SLOW = {
    "score_cam": {},
    "rise": {"masks": 80},
    "occlusion": {"window": 3, "stride": 2},
    "smooth_grad": {"samples": 40},
    "smooth_grad_cam_pp": {"samples": 40},
    "integrated_gradients": {"steps": 40},
}
MEASURED = {
    "deletion": {"steps": 10},
    "region_perturbation": {"region": 4, "steps": 8, "repetitions": 2},
    "road": {},
    "stability": {"seeds": 3, "copies": 3},
    "randomisation": {},
}


class Clock:
    """A clock that goes on by a second with every pass of a model."""

    def __init__(self, model: nn.Module) -> None:
        self.now, self.passes = 0.0, 0
        model.register_forward_pre_hook(self.tick)

    def tick(self, *_: object) -> None:
        self.now, self.passes = self.now + 1.0, self.passes + 1

    def __call__(self) -> float:
        return self.now

    def __deepcopy__(self, memo: object) -> Clock:
        return self  # the copies of a model go by the same clock


def told(caplog: pytest.LogCaptureFixture) -> list[int]:
    """The percentages that the lines of the log tell."""
    return [int(found[1]) for line in caplog.messages if (found := LINE.search(line))]


def follows(shares: list[int], passes: int) -> bool:
    """Whether each line comes a pass after the one before, and tells the share of the passes, roughly."""
    assert passes >= 8 and len(shares) >= 0.6 * passes
    assert shares == sorted(shares) and shares[0] <= 35
    step = 100 / len(shares)
    return max(after - before for before, after in pairwise(shares)) <= max(4 * step, 15)


@pytest.mark.parametrize("name", SLOW)
def test_a_method_tells_within_its_batch(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signsight")
    model, images = gap(size=16), pictures(4, 16)
    parameters = methods.defaults(name) | SLOW[name]
    settings = Settings(name, "predicted", "logit", None, 2 if name == "score_cam" else 8, parameters, 0)
    clock = Clock(model)
    with progress("test", 1, "batches", every=1, clock=clock):
        explain_batch(model, images, torch.zeros(4).numpy().astype(int), list("abcd"), settings, CPU)
    assert follows(told(caplog), clock.passes)


@pytest.mark.parametrize("name", MEASURED)
def test_a_metric_tells_within_its_block(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signsight")
    model = gap(size=16)
    block = block_of(model, 4, noise_maps(4, 16), batch_size=4)
    settings = Settings("saliency", "predicted", "logit", None, 4, methods.defaults("saliency"), 0)
    block = block_of(
        model,
        4,
        noise_maps(4, 16),
        batch_size=4,
        explain=explainer(model, block.images, block.truth, block.ids, settings, CPU),
    )
    clock = Clock(model)
    with progress("test", 1, "batches", every=1, clock=clock):
        metrics.get(name)(block, **(metrics.defaults(name) | MEASURED[name]))
    assert len(told(caplog)) >= 4 and told(caplog) == sorted(told(caplog))
    assert max(told(caplog)) < 100 and clock.passes >= 5


def test_a_set_of_one_batch_is_told_without_its_warm_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "signsight")
    model, images = gap(size=16), image_set(tmp_path, pictures(4, 16), [0, 1, 2, 3])
    clock = Clock(model)
    monkeypatch.setattr(run, "progress", partial(progress, every=1, clock=clock))
    parameters = methods.defaults("rise") | {"masks": 80}
    settings = Settings("rise", "predicted", "logit", None, 8, parameters, 0)
    explain_set(model, images, settings, CPU, tmp_path / "maps.npy")
    shares = [int(found[1]) for line in caplog.messages if (found := re.search(r"\((\d+) %\)", line))]
    assert shares == sorted(shares) and shares[0] <= 10 and len(shares) > 30
