"""Presets, optimisers and learning rates."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.models.optimisation import learning_rate, make_optimizer, uses_bfloat16
from signsight.models.presets import PRESETS, resolve


def test_published_preset_is_the_studys() -> None:
    settings = resolve({"preset": "published"})
    assert (settings["optimizer"], settings["nesterov"]) == ("sgd", True)
    assert (settings["learning_rate"], settings["momentum"]) == (0.001, 0.9)
    assert (settings["batch_size"], settings["epochs"], settings["patience"]) == (50, 100, 5)
    augmentation = settings["augmentation"]
    assert [augmentation[key] for key in ("p", "translate", "shear", "scale")] == [
        0.5,
        0.2,
        20,
        [0.8, 1.2],
    ]


def test_settings_given_win_and_presets_stay_as_they_are() -> None:
    before = resolve({})
    settings = resolve({"epochs": 3, "augmentation": {"p": 0.0}})
    assert settings["epochs"] == 3
    assert settings["augmentation"]["p"] == 0
    assert settings["augmentation"]["shear"] == before["augmentation"]["shear"]
    assert resolve({}) == before
    nothing = {"preset": None, "epochs": None, "augmentation": {"p": None}}
    assert resolve(nothing) == before
    assert resolve(before) == before
    for name in PRESETS:
        assert set(PRESETS[name]) == set(PRESETS["short"])
        assert set(PRESETS[name]["augmentation"]) == set(PRESETS["short"]["augmentation"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"preset": "shrt"}, "did you mean 'short'"),
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"augmentation": {"sheer": 3}}, "training.augmentation: .*did you mean 'shear'"),
    ],
)
def test_unknown_words(settings: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        resolve(settings)


def test_one_cycle_has_its_corners() -> None:
    settings = resolve({"learning_rate": 0.2})
    rates = [learning_rate(settings, step, 401) for step in range(401)]
    assert rates[0] == pytest.approx(0.2 / 25)
    assert rates[100] == max(rates) == pytest.approx(0.2)
    assert rates[250] == pytest.approx(0.1, rel=1e-3)  # half way down the cosine
    assert rates[-1] == pytest.approx(0.2e-4)
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)


def test_constant_rate() -> None:
    settings = resolve({"preset": "published"})
    assert {learning_rate(settings, step, 10) for step in range(10)} == {0.001}


def test_step_rate_is_that_of_torch() -> None:
    settings = resolve({"preset": "cifar_study"})
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=settings["learning_rate"])
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
    for epoch in range(settings["epochs"]):
        rates = [learning_rate(settings, epoch * 7 + step, 25 * 7) for step in range(7)]
        assert rates == [pytest.approx(optimizer.param_groups[0]["lr"])] * 7
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(0.00125)


def test_the_preset_of_the_cifar_study_is_the_studys() -> None:
    settings = resolve({"preset": "cifar_study"})
    named = ("epochs", "batch_size", "optimizer", "learning_rate", "momentum", "nesterov", "weight_decay")
    assert [settings[key] for key in named] == [25, 64, "sgd", 0.005, 0.9, False, 5e-4]
    changed = settings["augmentation"]
    assert changed["translate"] * 32 == 4 and (changed["flip"], changed["degrees"]) == (0.5, 15)
    assert [changed[key] for key in ("brightness", "contrast", "saturation", "hue")] == [0.2, 0.2, 0.2, 0.02]


def test_weight_decay_spares_biases_and_normalisation() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    for name, kind in (("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)):
        settings = resolve({"optimizer": name, "learning_rate": 0.1, "weight_decay": 0.01})
        optimizer = make_optimizer(network, settings)
        assert isinstance(optimizer, kind)
        decayed, spared = optimizer.param_groups
        assert decayed["weight_decay"] == 0.01
        assert spared["weight_decay"] == 0
        assert {weight.ndim for weight in decayed["params"]} == {2, 4}
        assert {weight.ndim for weight in spared["params"]} == {1}


def test_unknown_optimizer_and_schedule() -> None:
    with pytest.raises(UserError, match=r"training\.optimizer is 'adam'"):
        make_optimizer(nn.Linear(1, 1), resolve({"optimizer": "adam"}))
    with pytest.raises(UserError, match=r"training\.schedule is 'cosine'"):
        learning_rate(resolve({"schedule": "cosine"}), 0, 1)


def test_precision() -> None:
    cpu = torch.device("cpu")
    assert uses_bfloat16(True, cpu)
    assert not uses_bfloat16(False, cpu)
    assert not uses_bfloat16("auto", torch.device("mps"))
    with pytest.raises(UserError, match=r"training\.amp"):
        uses_bfloat16("half", cpu)
