"""Training settings that go by the number of examples: what is chosen, what is left alone, what is said."""

from __future__ import annotations

import math
from typing import Any

import pytest

from signsight.models.adapted import FEWEST, MOST, SEEN, adapted
from signsight.models.presets import PRESETS, resolve

OPEN = ("epochs", "batch_size", "learning_rate", "keep")


def chosen(examples: int, validation: int = 1000, pretrained: bool = False, **given: Any) -> dict[str, Any]:
    full, _ = adapted(resolve(given), examples=examples, validation=validation, pretrained=pretrained)
    return full


def steps(examples: int, **given: Any) -> int:
    full = chosen(examples, **given)
    return full["epochs"] * math.ceil(examples / full["batch_size"])


@pytest.mark.parametrize("examples", [2, 7, 54, 300, 2_580, 39_209, 200_000, 3_000_000])
def test_every_training_has_steps_enough_and_nothing_open(examples: int) -> None:
    full = chosen(examples)
    assert None not in full.values() and set(full) == set(resolve({}))
    assert full["batch_size"] in (8, 16, 32, 64) and full["epochs"] >= 1
    epoch = math.ceil(examples / full["batch_size"])
    assert steps(examples) >= FEWEST or full["epochs"] * examples >= SEEN
    assert steps(examples) < MOST + epoch
    assert full["epochs"] == 20 or steps(examples) < FEWEST + epoch or 20 * epoch > MOST


def test_fifty_four_pictures_are_not_twenty_steps() -> None:
    """Three classes of 30 pictures, 30 % of them for the test and 15 % of the others for the validation."""
    full = chosen(54, validation=9)
    assert full["batch_size"] == 8 and full["epochs"] > 200 and full["keep"] == "last"


def test_more_examples_never_mean_smaller_batches_or_fewer_steps() -> None:
    sizes = [2, 20, 54, 100, 200, 500, 1000, 1500, 5000, 20_000, 50_000]
    batches = [chosen(size)["batch_size"] for size in sizes]
    epochs = [chosen(size)["epochs"] for size in sizes]
    rates = [chosen(size)["learning_rate"] for size in sizes]
    assert batches == sorted(batches) and rates == sorted(rates) and epochs == sorted(epochs, reverse=True)


@pytest.mark.parametrize("examples", [3_417, 33_000, 39_209, 60_000])
def test_data_sets_of_signs_are_trained_as_they_were(examples: int) -> None:
    """20 epochs of batches of 64 with a learning rate of up to 0.1, and the best epoch."""
    full = chosen(examples)
    assert [full[key] for key in OPEN] == [20, 64, 0.1, "best"]


@pytest.mark.parametrize(
    "given", [{"epochs": 3}, {"batch_size": 50}, {"learning_rate": 0.3}, {"epochs": 2, "batch_size": 1}]
)
def test_what_is_given_is_taken_as_it_is(given: dict[str, Any]) -> None:
    full = chosen(54, **given)
    assert {key: full[key] for key in given} == given


def test_the_rest_goes_by_what_is_given() -> None:
    assert chosen(54, batch_size=64)["learning_rate"] > chosen(54, batch_size=8)["learning_rate"]
    assert chosen(54, batch_size=54)["epochs"] * 54 >= SEEN
    assert chosen(54, optimizer="adamw")["learning_rate"] < chosen(54)["learning_rate"] / 10
    assert chosen(54, validation=9, epochs=5)["keep"] == "best"  # as a user who names the epochs expects
    assert chosen(54, validation=9, patience=3)["keep"] == "best"
    assert chosen(54, validation=9, schedule="constant")["keep"] == "best"


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"short"}))
@pytest.mark.parametrize("examples", [54, 50_000])
@pytest.mark.parametrize("pretrained", [False, True])
def test_replicated_studies_stay_as_they_are(preset: str, examples: int, pretrained: bool) -> None:
    before = resolve({"preset": preset})
    after, told = adapted(before, examples=examples, validation=5, pretrained=pretrained)
    assert after == before and told == "" and None not in after.values()


@pytest.mark.parametrize("examples", [54, 500, 20_000])
def test_given_weights_are_changed_by_small_steps_and_few(examples: int) -> None:
    fresh, tuned = chosen(examples), chosen(examples, pretrained=True)
    assert tuned["learning_rate"] == pytest.approx(fresh["learning_rate"] / 20, rel=0.1)
    assert tuned["epochs"] < fresh["epochs"] and tuned["batch_size"] == fresh["batch_size"]
    assert chosen(examples, validation=9, pretrained=True)["keep"] == "best"


def test_one_line_says_what_was_chosen_and_why() -> None:
    _, told = adapted(resolve({}), examples=54, validation=9, pretrained=False)
    assert "\n" not in told and "54 examples" in told and "batches of 8" in told and "9 validation" in told
    _, told = adapted(resolve({"batch_size": 16}), examples=54, validation=500, pretrained=True)
    assert "batches" not in told and "trained already" in told
    everything = {"epochs": 1, "batch_size": 1, "learning_rate": 1.0}
    assert adapted(resolve(everything), examples=54, validation=500, pretrained=False)[1] == ""


def test_the_settings_given_are_not_changed() -> None:
    settings = resolve({})
    adapted(settings, examples=54, validation=9, pretrained=False)
    assert settings == resolve({}) and settings["epochs"] is None
