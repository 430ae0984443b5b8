"""Keys of a config that other keys leave without effect: refused, not ignored.

What belongs to a stage, a method or a data set that is not chosen may stand, since a run often replaces such
a choice alone, on the command line or by a second config.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from signsight.config.choices import Config, has_field
from signsight.config.recipes import PRODUCTS
from signsight.config.schema import Schema, shown, walk_keys
from signsight.core.errors import UserError
from signsight.data.dataset import facts


def refuse_unused(config: Config, schema: Schema) -> None:
    """UserError for a key with another value than its default that changes nothing."""
    defaults = {name: part["default"] for name, part in walk_keys(schema) if "default" in part}
    for keys, reason in _without_effect(config):
        for key in keys:
            for name in [name for name in defaults if name == key or name.startswith(f"{key}.")]:
                value = _value(config, name)
                if value is not None and value != defaults[name]:
                    raise UserError(
                        f"Config key {name!r} is {shown(value)}, which has no effect: {reason}, or leave the "
                        "key out."
                    )


def _value(config: Config, name: str) -> Any:
    value: Any = config
    for key in name.split("."):
        value = value[key]
    return value


def _without_effect(config: Config) -> Iterator[tuple[list[str], str]]:
    """Keys, or groups of them, without effect, and what to do: the middle of a sentence."""
    data, training = config["data"], config["training"]
    about = facts(data["name"])
    if config["gallery"]["source"] is None:
        keys = ("singles", "overlay", "smoothing", "spreads", "layers", "strip_pictures")
        yield [f"gallery.{key}" for key in keys], "'gallery.source' is null; name your pictures there"
    if config["real_examples"]["source"] is None:
        keys = [f"real_examples.{key}" for key in config["real_examples"] if key != "source"]
        yield keys, "'real_examples.source' is null; name your photographs there"
    if not about["roi"]:
        yield (
            ["data.crop_to_roi", "data.roi_outside"],
            f"the pictures of data.name {data['name']!r} have no annotated region; name another data set",
        )
    if about["source"] != "archives":
        yield ["data.checksums"], f"data.name {data['name']!r} downloads nothing; name another data set"
    if not has_field(config):
        yield ["data.field.background"], "'data.field.scale' is [1, 1]; take larger fields"
    if data["masks"] is None:
        yield ["data.mask_threshold"], "'data.masks' is null; give the masks"
    if data["rotate"]["when"] == "never":
        yield ["data.rotate.sd"], "'data.rotate.when' is 'never'; take 'once' or 'epoch'"
    if training["optimizer"] == "adamw":
        keys = ["training.momentum", "training.nesterov"]
        yield keys, "'training.optimizer' is 'adamw'; take 'sgd'"
    if training["schedule"] in ("constant", "one_cycle"):
        keys = ["training.step_every", "training.step_factor"]
        yield keys, f"'training.schedule' is {training['schedule']!r}; take 'step'"
    yield from _of_features(config["features"])
    yield from _of_detection(config["detection"])


def _of_features(features: Config) -> Iterator[tuple[list[str], str]]:
    asked = {"classes": "which"} | PRODUCTS
    for product, key in asked.items():
        if not features[product][key]:
            others = [f"features.{product}.{name}" for name in features[product] if name != key]
            yield others, f"'features.{product}.{key}' is empty; fill it"


def _of_detection(detection: Config) -> Iterator[tuple[list[str], str]]:
    if detection["pictures"] is None:
        keys = [f"detection.{key}" for key in detection if key != "pictures"]
        yield keys, "'detection.pictures' is null; name the pictures there"
        return
    if detection["pictures"] != "scenes":
        yield ["detection.scenes"], "'detection.pictures' is not 'scenes'; take these"
    if not detection["detector"]["train"]:
        yield ["detection.training"], "'detection.detector.train' is false; set it to true"
