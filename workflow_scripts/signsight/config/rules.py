"""A config as the workflow takes it: completed, nulls replaced by what applies, contradictions refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from signsight.config.choices import (
    STAGES,
    TRANSFORMS,
    Config,
    about_metric,
    base_method,
    base_metric,
    chance_control,
    controls,
    degree_groups,
    has_field,
    method_choice,
    metric_choice,
    training_settings,
)
from signsight.config.class_numbers import refuse_classes_beyond
from signsight.config.compare import (
    NUMBERS,
    apply_compare,
    check_compared,
    needs_no_network,
    without_own_stages,
)
from signsight.config.detection import (
    apply_detection,
    check_detector_files,
    own_pictures,
    refuse_boxes_elsewhere,
    refuse_wrong_detection,
)
from signsight.config.paths import expand_paths, refuse_unwritable
from signsight.config.places import PICTURE_KEYS, refuse_mixed_places
from signsight.config.recipes import refuse_wrong_features
from signsight.config.schema import Schema, filled, refuse_parameters
from signsight.config.unused import refuse_unused
from signsight.core.errors import UserError
from signsight.core.registry import Registry, methods, metrics, networks, replacements
from signsight.data.dataset import facts
from signsight.data.photograph_columns import Columns, columns_of, refuse_wrong_columns
from signsight.data.source import check_source, is_address, local_folder, refuse_credentials
from signsight.models.class_names import read_classes
from signsight.models.names import torchvision_names
from signsight.models.weights import origin

UNKNOWN_OBJECT = (
    "which needs to know where the object is: a data set with truth masks (signs), with an annotation of the "
    "object and 'data.crop_to_roi: false' (gtsrb), pictures in a larger 'data.field', or your own with "
    "'data.masks'"
)


def complete(config: Config, schema: Schema) -> Config:
    """A checked copy of `config` with every missing key at its default and nulls replaced by what applies.

    Raises UserError for an unknown key or name, a wrong type or value, and keys that contradict
    each other: one sentence that names the key, what is allowed, and the nearest right one.
    """
    full = filled(without_own_stages(config), schema)
    apply_compare(full)
    expand_paths(full, schema)
    _refuse_wrong_variants(full)
    _apply(full)
    apply_detection(full)
    checks = (_data, _model, _layers, _stages, _background, refuse_boxes_elsewhere, _metrics, _bounds)
    for refuse in (*checks, refuse_wrong_features, refuse_wrong_detection):
        refuse(full)
    for transform in TRANSFORMS:
        degree_groups(full, transform)
    _training(full)
    refuse_unused(full, schema)
    return full


def truth_regions(config: Config) -> str | None:
    """How it is known where the object is: by "masks" of the data set, masks that are "given" in
    `data.masks`, the "roi" of the annotation or, in a field, the place of the picture, or not at all."""
    if config["data"]["masks"]:
        return "given"
    truth = facts(config["data"]["name"])["truth"]
    if truth != "masks" and has_field(config):
        return "roi"
    return None if truth == "roi" and config["data"]["crop_to_roi"] else truth


def _apply(config: Config) -> None:
    """Replace null by what applies: stages, and the methods and metrics of each."""
    names, pictures = config["attribution"]["methods"], facts(config["data"]["name"])["pictures"]
    asked = _applying(config) if config["stages"] is None else config["stages"]
    stages = [stage for stage in asked if pictures]
    explaining = [name for name in names if name not in controls(config)]
    chance = chance_control(config)
    placing = [*explaining[:1], *([chance] if chance else [])]
    measured = metrics.default() if chance else []
    for group, key, stage, default in (
        ("masking", "methods", "masking", names),
        ("stickers", "methods", "stickers", placing),
        ("evaluation", "metrics", "metrics", measured),
    ):
        own = config[group][key]
        config[group][key] = [] if stage not in stages else list(default) if own is None else own
    if "geometry" not in stages:
        config["geometry"] |= {transform: [] for transform in TRANSFORMS}
    config["stages"] = stages
    config["gallery"]["methods"] = config["gallery"]["methods"] or list(names)


def _applying(config: Config) -> list[str]:
    """The stages that apply where the config names none: stickers on signs, or where they are asked for."""
    stickers = config["stickers"]
    sticking = facts(config["data"]["name"])["signs"] or stickers["methods"] or stickers["stock"]
    applies = {"stickers": sticking, "background": config["data"]["masks"]}
    return [stage for stage in STAGES if applies.get(stage, True)]


def _refuse_wrong_variants(config: Config) -> None:
    """Checks the names, parameters and layers of variants of methods and metrics."""
    for name, variant in config["attribution"]["variants"].items():
        where = f"attribution.variants.{name}"
        if name in methods:
            raise UserError(f"Config key {where!r} has the name of a registered method; choose another name.")
        refuse_parameters(variant["parameters"], methods.parameters(variant["method"]), f"{where}.parameters")
        if variant["layer"] and not methods.about(variant["method"]).get("layer"):
            raise UserError(
                f"Config key '{where}.layer' is {variant['layer']!r}, but the method {variant['method']!r}"
                " looks at no layer; leave it out."
            )
    for name, variant in config["evaluation"]["variants"].items():
        where = f"evaluation.variants.{name}"
        if name in metrics:
            raise UserError(f"Config key {where!r} has the name of a registered metric; choose another name.")
        refuse_parameters(variant["parameters"], metrics.parameters(variant["metric"]), f"{where}.parameters")


def _data(config: Config) -> None:
    data, about = config["data"], facts(config["data"]["name"])
    name = data["name"]
    if isinstance(data["checksums"], dict):
        for archive in about["archives"]:
            if archive not in data["checksums"]:
                raise UserError(
                    f"Config key 'data.checksums' lacks {archive}; name all archives or write 'none'."
                )
    if data["fit"] not in about["fits"]:
        raise UserError(
            f"Config key 'data.fit' is {data['fit']!r}, which data.name {name!r} does not take: its pictures"
            f" are cut to their annotation; leave it at {about['fits'][0]!r}."
        )
    if data["masks"] and about["source"] != "folder":
        raise UserError(
            f"Config key 'data.masks' is for your own pictures, not for data.name {name!r}; leave it out, or "
            "name a data set that reads pictures in a folder (`folder`, `listed`)."
        )
    least, greatest = data["field"]["scale"]
    if least > greatest:
        raise UserError(
            f"Config key 'data.field.scale' is [{least:g}, {greatest:g}], whose first number is above the "
            "second; swap them."
        )
    for low, high in about["ascending"]:
        if data[name][low] > data[name][high]:
            raise UserError(f"Config key 'data.{name}.{low}' is above 'data.{name}.{high}'; swap them.")


def _model(config: Config) -> None:
    """Checks of `model` that need no file."""
    model, data = config["model"], config["data"]["name"]
    if model["train"] and not facts(data)["pictures"]:
        raise UserError(
            f"Config key 'model.train' is true, but data.name {data!r} has nothing to train on; set "
            "'model.train: false' or name a data set."
        )
    if not model["train"] and model["seeds"]:
        raise UserError(
            "Config key 'model.seeds' names seeds of a training, but 'model.train' is false; empty one or "
            "set the other to true."
        )
    unknown = model["weights"] is None and model["name"] not in torchvision_names()
    if not model["train"] and unknown and not needs_no_network(config):
        raise UserError(
            f"Config key 'model.weights' is null, so {model['name']!r}, which is not to be trained, would "
            "know nothing; give a file of weights, or the folder of a trained model (results/demo/train)."
        )
    if model["train"]:
        for key in ("classes", "mean", "std"):
            if model[key] is not None:
                raise UserError(
                    f"Config key 'model.{key}' is for a network that is used as it is; training takes it"
                    " from the data set, so leave it out or set 'model.train: false'."
                )
    for key in ("mean", "std"):
        if model[key] is not None and len(model[key]) != model["channels"]:
            raise UserError(
                f"Config key 'model.{key}' has {len(model[key])} numbers, but 'model.channels' is "
                f"{model['channels']}; give one for each."
            )
    if (model["mean"] is None) != (model["std"] is None):
        raise UserError("Config keys 'model.mean' and 'model.std' go together; give both or neither.")
    known = networks.parameters(model["name"]) if model["name"] in networks else {}
    refuse_parameters(model["parameters"], known, "model.parameters")


def _training(config: Config) -> None:
    """Scales are in order, and flips at random for data sets whose pictures all keep their class."""
    settings, name = training_settings(config), config["data"]["name"]
    scale, flip = (settings["augmentation"][key] for key in ("scale", "flip"))
    if scale[0] > scale[1]:
        raise UserError(f"Config key 'training.augmentation.scale' is {scale}; write the smaller one first.")
    if settings["optimizer"] == "sgd" and settings["nesterov"] and not settings["momentum"]:
        raise UserError(
            "Config key 'training.nesterov' is true (that of the preset, if you did not set it), but "
            "'training.momentum' is 0; set it to false."
        )
    if config["model"]["train"] and flip and not facts(name)["symmetric"]:
        raise UserError(
            f"Config key 'training.augmentation.flip' is {flip} (that of the preset, if you did not set it), "
            f"but a flipped picture of data.name {name!r} can be of another class or of none; set it to 0."
        )


def _layers(config: Config) -> None:
    """A layer that no method of the run looks at is refused, not ignored."""
    layer, names = config["attribution"]["layer"], used_methods(config)
    if layer and not any(method_choice(config, name)["layer"] == layer for name in names):
        raise UserError(
            f"Config key 'attribution.layer' is {layer!r}, but none of the methods looks at the target layer;"
            " leave it out, or name a layer for one method under 'attribution.variants'."
        )


def used_methods(config: Config) -> list[str]:
    """All methods and variants that some stage runs."""
    names = [*config["attribution"]["methods"]]
    names += config["gallery"]["methods"] if config["gallery"]["source"] else []
    names += config["real_examples"]["methods"] if config["real_examples"]["source"] else []
    return list(dict.fromkeys(names))


def _stages(config: Config) -> None:
    names = config["attribution"]["methods"]
    for stage in ("masking", "stickers"):
        for name in config[stage]["methods"]:
            if name not in names:
                raise UserError(
                    f"Config key '{stage}.methods' names {name!r}, which is not in "
                    "'attribution.methods'; add it there."
                )


def _background(config: Config) -> None:
    if "background" in config["stages"] and truth_regions(config) is None:
        raise UserError(
            f"Config key 'stages' names 'background', {UNKNOWN_OBJECT}; give 'data.masks' or leave it out."
        )
    for fill in config["background"]["fills"]:
        if replacements.about(fill).get("normalised"):
            raise UserError(
                f"Config key 'background.fills' names {fill!r}, a colour of the normalised input, but the "
                "backgrounds of pictures are replaced; take another one."
            )


def _metrics(config: Config) -> None:
    chosen = config["evaluation"]["metrics"]
    if chosen and chance_control(config) is None:
        chance = next(name for name in methods.names() if methods.about(name).get("chance"))
        raise UserError(
            f"Config key 'attribution.methods' lacks {chance!r}, the chance level of the metrics; add it or "
            "leave 'evaluation.metrics' out."
        )
    target = config["attribution"]["target"]
    for metric in chosen:
        if about_metric(config, metric).get("rival") and isinstance(target, dict) and "layer" in target:
            raise UserError(
                f"Config key 'evaluation.metrics' names {metric!r}, but 'attribution.target' is a unit of a "
                "layer, which no other class stands against; leave it out."
            )
        if about_metric(config, metric)["needs"] == "regions" and truth_regions(config) is None:
            raise UserError(
                f"Config key 'evaluation.metrics' names {metric!r}, {UNKNOWN_OBJECT}; leave it out."
            )


def _bounds(config: Config) -> None:
    """Parameters that cannot be above what a picture has."""
    size = config["data"]["size"]
    for name in used_methods(config):
        base = base_method(config, name)
        where = f"attribution.variants.{name}" if base != name else f"attribution.parameters.{name}"
        _refuse_above(methods, base, method_choice(config, name)["parameters"], size, where)
    masked = [m for m in metrics.names() if metrics.about(m).get("config") == "masking"]
    for name in [*config["evaluation"]["metrics"], *(masked if config["masking"]["methods"] else [])]:
        base = base_metric(config, name)
        where = metrics.about(base).get("config", f"evaluation.parameters.{base}")
        where = where if base == name else f"evaluation.variants.{name}.parameters"
        _refuse_above(metrics, base, metric_choice(config, name)["parameters"], size, where)


def _refuse_above(registry: Registry, name: str, values: dict[str, Any], size: int, where: str) -> None:
    """UserError for a parameter above its bound, which the thing declares as a formula."""
    for key, formula in registry.about(name).get("at_most", {}).items():
        named = {"size": size, "ceil": math.ceil, **values}
        if values[key] is None or any(named[word] is None for word in named if word in formula):
            continue
        bound = eval(formula, {"__builtins__": {}}, named)
        if values[key] > bound:
            raise UserError(
                f"Config key '{where}.{key}' is {values[key]}, but for pictures of {size} px ('data.size')"
                f" and the other settings it can be {bound} at most; lower it."
            )


def check_files(config: Config) -> None:
    """UserError for what the config names on the disk and is not there, or lies where the run writes."""
    made = Path(config["results"], config["experiment"])
    refuse_unwritable("results", made)
    refuse_unwritable("cache", Path(config["cache"]))
    model, given = config["model"], _given(config)
    refuse_mixed_places(config, given, made)
    check_source(config["data"]["name"], config["data"]["source"])
    if model["weights"] and is_address(model["weights"]):
        refuse_credentials(model["weights"], "model.weights")
    weights = origin(model["name"], model["weights"], train=model["train"])
    if weights.kind == "folder":
        _refuse_settings_of_trained(model)
    if model["classes"] is not None:
        read_classes(model["classes"])
    refuse_classes_beyond(config)
    check_detector_files(config)
    _refuse_missing_experiments(config)
    check_compared(config)
    for key in PICTURE_KEYS:
        if given[key] and not local_folder(str(given[key])).exists():
            raise UserError(f"Config key {key!r}: {given[key]} does not exist; correct its path.")
    _refuse_wrong_photographs(config)
    for key in ("data.masks", "stickers.stock"):
        if given[key] and not local_folder(str(given[key])).is_dir():
            raise UserError(f"Config key {key!r}: {given[key]} is not a folder; correct its path.")


def _refuse_wrong_photographs(config: Config) -> None:
    """What CSVs of the user's own pictures say of them has to be right before a network is trained."""
    for album in ("gallery", "real_examples", "features"):
        if source := config[album]["source"]:
            told = columns_of(config[album]) if album == "real_examples" else Columns()
            refuse_wrong_columns(local_folder(str(source)), told)


def _refuse_missing_experiments(config: Config) -> None:
    """The experiments that the explorer shows beside this one have to be there, as documents."""
    for name in config["explorer"]["with"]:
        if name == config["experiment"]:
            raise UserError(
                f"Config key 'explorer.with' names {name!r}, which is this experiment; name others."
            )
        document = Path(config["results"], name, "explorer/document.zip")
        if not document.is_file():
            raise UserError(
                f"Config key 'explorer.with' names {name!r}, but {document} does not exist; run the target "
                "'explorer' with that experiment's config first."
            )


def _refuse_settings_of_trained(model: Config) -> None:
    """A trained model's folder tells everything about the model, so that nothing else is taken."""
    for key, unset in (("classes", None), ("mean", None), ("std", None), ("parameters", {}), ("channels", 3)):
        if model[key] != unset:
            raise UserError(
                f"Config key 'model.{key}' does not apply to the folder of a trained model (model.weights: "
                f"{model['weights']}), which holds its own; leave it out."
            )


def _given(config: Config) -> dict[str, str | None]:
    """Config key -> what the user gives: files, folders and addresses."""
    classes = config["model"]["classes"]
    return {
        "data.source": config["data"]["source"],
        "data.masks": config["data"]["masks"],
        "model.weights": config["model"]["weights"],
        "model.classes": classes if isinstance(classes, str) else None,
        "stickers.stock": config["stickers"]["stock"],
        "gallery.source": config["gallery"]["source"],
        "real_examples.source": config["real_examples"]["source"],
        "features.source": config["features"]["source"],
        "detection.pictures": own_pictures(config),
        **{f"{key}.{label}": folder for key in NUMBERS for label, folder in config[key].items()},
        "detection.detector.weights": config["detection"]["detector"]["weights"],
    }
