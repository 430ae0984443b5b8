"""What the keys of a checked config choose: methods and metrics with their parameters, degrees, training."""

from __future__ import annotations

import re
from typing import Any

from signsight.core.errors import UserError
from signsight.core.registry import methods, metrics
from signsight.models.presets import resolve

Config = dict[str, Any]
TRANSFORMS = ("rotation", "perspective_vertical", "perspective_horizontal")
MASKING = "grid_masking"  # the metric of the stage `masking`
STAGES = ("masking", "stickers", "geometry", "background", "metrics")


def has_field(config: Config) -> bool:
    """Whether the pictures of the data set lie in a larger field."""
    return max(config["data"]["field"]["scale"]) > 1


def base_method(config: Config, name: str) -> str:
    """The registered method that `name`, a method or a variant, stands for."""
    return config["attribution"]["variants"].get(name, {"method": name})["method"]


def about_method(config: Config, name: str) -> dict[str, Any]:
    """What the method, or the one that the variant is of, says of itself."""
    return methods.about(base_method(config, name))


def method_choice(config: Config, name: str) -> dict[str, Any]:
    """What `name`, a registered method or a variant, stands for: method, parameters, layer.

    layer: None is the method's own choice. `attribution.layer` is for methods that look at the target layer;
    a method that can be read out at a layer takes that of a variant.
    """
    attribution, method = config["attribution"], base_method(config, name)
    variant = attribution["variants"].get(name, {"parameters": {}, "layer": None})
    common = attribution["layer"] if methods.about(method).get("layer") == "target" else None
    parameters = attribution["parameters"].get(method, {}) | variant["parameters"]
    return {"method": method, "parameters": parameters, "layer": variant["layer"] or common}


def looks(config: Config, names: list[str]) -> dict[str, dict[str, Any]]:
    """Label, family and style number of methods and variants, for figures."""
    found = {}
    for name in names:
        about, variant = about_method(config, name), config["attribution"]["variants"].get(name, {})
        style = None if variant else about.get("style")
        label = variant.get("label") or _label(about.get("label", name), base_method(config, name), name)
        found[name] = {"label": label, "family": about.get("family", "Other methods"), "style": style}
    return found


def _label(label: str, base: str, name: str) -> str:
    """The label of a variant without its own: the method's, and what the variant's name adds to its name."""
    rest = name.removeprefix(base).strip("_").replace("_", " ")
    return f"{label} {rest}".strip()


def base_metric(config: Config, name: str) -> str:
    """The registered metric that `name`, a metric or a variant, stands for."""
    return config["evaluation"]["variants"].get(name, {"metric": name})["metric"]


def metric_choice(config: Config, name: str) -> dict[str, Any]:
    """What a job of `name`, a registered metric or a variant, depends on: the metric, its parameters, and how
    many images it sees (None: all)."""
    evaluation, metric = config["evaluation"], base_metric(config, name)
    variant = evaluation["variants"].get(name, {"parameters": {}})["parameters"]
    if group := metrics.about(metric).get("config"):
        own = {key: config[group][key] for key in metrics.parameters(metric)}
        return {"metric": metric, "parameters": own | variant, "images": None}
    own = dict(evaluation["parameters"].get(metric, {}))
    images = own.pop("images", None) or evaluation["images"]
    return {"metric": metric, "parameters": own | variant, "images": None if images == "all" else images}


def about_metric(config: Config, name: str) -> dict[str, Any]:
    """What a metric says of itself; of a variant, with labels of its own for it and its quantities."""
    base = base_metric(config, name)
    about = metrics.about(base)
    if base == name:
        return about
    label = config["evaluation"]["variants"][name]["label"] or _label(about["label"], base, name)
    rest = label.removeprefix(about["label"])
    own = {
        key: told | {"label": told["label"] + rest if rest != label else f"{label}: {told['label']}"}
        for key, told in about["quantities"].items()
    }
    return about | {"label": label, "quantities": own}


def controls(config: Config) -> list[str]:
    """The methods of the run that do not look at the network."""
    return [m for m in config["attribution"]["methods"] if about_method(config, m)["needs"] == "nothing"]


def chance_control(config: Config) -> str | None:
    """The control that is the chance level of the metrics, if it is in the run."""
    names = config["attribution"]["methods"]
    return next((m for m in names if about_method(config, m).get("chance")), None)


def background_sets(config: Config) -> dict[str, tuple[str, str]]:
    """Sets of the stage `background`: name -> what is kept of a picture, and what is behind it instead."""
    if "background" not in config["stages"]:
        return {}
    fills = config["background"]["fills"]
    pairs = [("object", behind) for behind in (*fills, "same_class", "other_class")]
    pairs += [("background", behind) for behind in (*fills, "surroundings")]
    return {f"{kept}_on_{behind}": (kept, behind) for kept, behind in (*pairs, ("nothing", "silhouette"))}


def degree_groups(config: Config, transform: str) -> dict[str, list[int]]:
    """Degrees of a transform in groups that one job scores: group name -> degrees.

    Each entry of the config's list is a group of its own (a long one in pieces of
    `evaluation.sets_per_job`), so an entry that is added leaves the others as they were. A degree
    that two entries name belongs to the first. Raises UserError for a malformed entry.
    """
    groups: dict[str, list[int]] = {}
    seen: set[int] = set()
    for entry in config["geometry"][transform]:
        degrees = [d for d in _degrees(entry, transform) if d not in seen]
        seen.update(degrees)
        step = config["evaluation"]["sets_per_job"]
        for start in range(0, len(degrees), step):
            piece = degrees[start : start + step]
            groups[str(piece[0]) if len(piece) == 1 else f"{piece[0]}_to_{piece[-1]}"] = piece
    return groups


def _degrees(entry: int | str, transform: str) -> list[int]:
    if isinstance(entry, int):
        return [entry]
    numbers = [int(number) for number in re.findall(r"-?\d+", entry)]
    first, last, step = numbers if len(numbers) == 3 else (*numbers, 1)
    if not -90 <= first <= last <= 90 or step < 1:
        raise UserError(
            f"Config key 'geometry.{transform}' has the entry {entry!r}; write 'low..high' or "
            "'low..high/step' within -90..90."
        )
    return list(range(first, last + 1, step))


def training_settings(config: Config) -> dict[str, Any]:
    """All settings of the training: keys that are null come from the preset.

    `data.rotate.when: epoch` is part of it, since the training draws those rotations.
    """
    given = {k: v for k, v in config["training"].items() if v is not None and k != "reuse"}
    given["augmentation"] = {k: v for k, v in given["augmentation"].items() if v is not None}
    settings = resolve(given)
    rotate = config["data"]["rotate"]
    settings["augmentation"]["rotation"] = float(rotate["sd"]) if rotate["when"] == "epoch" else 0.0
    return settings
