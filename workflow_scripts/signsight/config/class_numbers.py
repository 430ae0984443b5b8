"""Numbers of classes that a config names, against the number of classes where it is known before any job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from signsight.config.choices import Config
from signsight.core.errors import UserError
from signsight.data.dataset import facts
from signsight.models.class_names import read_classes


def refuse_classes_beyond(config: Config) -> None:
    """UserError for a number of a class that the network of the run does not have."""
    model, name = config["model"], config["data"]["name"]
    if model["classes"] is not None:
        count, whose = len(read_classes(model["classes"])), "'model.classes'"
    else:
        count, whose = facts(name)["class_count"], f"data.name {name!r}"
    if count is None or not (model["train"] or model["classes"]):
        return
    for key, number in _numbers(config):
        if number >= count:
            raise UserError(
                f"Config key {key!r} names class {number}, but {whose} has {count} classes; name one from 0 "
                f"to {count - 1}."
            )


def _numbers(config: Config) -> Iterator[tuple[str, int]]:
    features = config["features"]
    asked: dict[str, list[Any]] = {
        "attribution.target": [config["attribution"]["target"]],
        "evaluation.target": [config["evaluation"]["target"]],
        "features.dream.targets": features["dream"]["targets"],
    }
    if features["classes"]["which"] != "all":
        asked["features.classes.which"] = features["classes"]["which"]
    for key, targets in asked.items():
        for target in targets:
            told = [target.get("class"), target.get("against")] if isinstance(target, dict) else [target]
            yield from ((key, number) for number in told if isinstance(number, int))
