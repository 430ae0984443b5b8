"""Config: defaults from the schema, checks with one-sentence errors, and values that follow from it."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators

from signsight.core.errors import UserError
from signsight.core.registry import registered_files
from signsight.core.words import nearest
from signsight.data.download import GTSRB_CHECKSUMS
from signsight.data.imagenette import IMAGENETTE_CHECKSUMS
from signsight.models.names import names as network_names
from signsight.models.names import torchvision_names
from signsight.models.presets import resolve

TRANSFORMS = ("rotation", "perspective_vertical", "perspective_horizontal")


def _is_number(checker: Any, value: Any) -> bool:
    """Finite, and no truth value; YAML also knows .inf and .nan."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(checker: Any, value: Any) -> bool:
    """JSON Schema takes 48.0 for an integer, but `range` does not."""
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer}
    ),
)


def load_schema(path: Path | str) -> dict[str, Any]:
    """The schema of `config/schema.yaml` as a dict."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def typed(value: Any) -> Any:
    """Values of Snakemake's `--config`, which leaves numbers, booleans and null in groups as text."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return read if read is None or isinstance(read, bool | int | float) else value


def complete(config: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A checked copy of `config` with every missing key at its default.

    Raises UserError for an unknown key or name, a wrong type or value, and keys that contradict
    each other: one sentence that names the key, what is allowed, and the nearest right one.
    """
    _refuse_unknown_keys(config, schema, schema, "")
    full = _filled(config, schema)
    _refuse_wrong_values(full, schema)
    _refuse_wrong_variants(full, schema)
    _refuse_contradictions(full)
    return full


def walk_keys(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the schema as ('data.rotate.sd', its schema), parents before children."""
    for key, part in schema.get("properties", {}).items():
        yield prefix + key, part
        yield from walk_keys(part, f"{prefix}{key}.")


def _refuse_unknown_keys(value: Any, part: dict, schema: dict, where: str) -> None:
    if "$ref" in part or not isinstance(value, dict):
        return
    known, named_freely = part.get("properties", {}), part.get("additionalProperties")
    for key, inner in value.items():
        if key in known or isinstance(named_freely, dict):
            below = known.get(key, named_freely)
            _refuse_unknown_keys(inner, below, schema, f"{where}.{key}".lstrip("."))
        elif known:
            place = f" in {where!r}" if where else ""
            elsewhere = [name for name, _ in walk_keys(schema) if name.split(".")[-1] == key]
            hint = f"did you mean {elsewhere[0]!r}?" if elsewhere else nearest(str(key), known)
            raise UserError(f"Unknown config key {key!r}{place}; {hint}")


def _filled(value: Any, part: dict[str, Any]) -> Any:
    """`value` with defaults; a key left empty in YAML (null) of a group counts as not given."""
    named_freely = part.get("additionalProperties")
    if isinstance(named_freely, dict) and isinstance(value, dict):
        return {key: _filled(inner, named_freely) for key, inner in value.items()}
    if "properties" not in part:
        bare_true = value is True and "true" in _texts(part)
        return "true" if bare_true else copy.deepcopy(value)
    if value is None:
        value = {}
    if not isinstance(value, dict):
        return value
    full = {}
    for key, inner in part["properties"].items():
        if key in value:
            full[key] = _filled(value[key], inner)
        elif "properties" in inner:
            full[key] = _filled({}, inner)
        elif "default" in inner:
            full[key] = copy.deepcopy(inner["default"])
    return full


def _texts(part: dict[str, Any]) -> set[str]:
    """The words that a key allows; YAML reads a bare `true` among them as a truth value."""
    forms = part.get("anyOf", [part])
    return {word for form in forms for word in form.get("enum", ()) if isinstance(word, str)}


def _refuse_wrong_values(config: dict[str, Any], schema: dict[str, Any]) -> None:
    validator = _Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: list(map(str, e.absolute_path))):
        where = ".".join(map(str, error.absolute_path))
        value = error.instance
        if error.validator == "enum":
            allowed = ("null" if name is None else name for name in error.validator_value)
            raise UserError(f"Config key {where!r} is {value!r}; {nearest(str(value), allowed)}")
        about = error.schema.get("description") or _description(schema, error.absolute_path)
        about = f" ({about.rstrip('.')})" if about else ""
        raise UserError(f"Config key {where!r} is {value!r}; {_reason(error)}{about}.")
    for where, value, registry in _named(config, schema, ""):
        names = known_names(registry)
        if registry == "methods":
            names += config["attribution"]["variants"]
        if value not in names:
            raise UserError(f"Config key {where!r} names an unknown {value!r}; {nearest(value, names)}")


def _reason(error: Any) -> str:
    rule = error.validator_value
    if error.validator == "type":
        kinds = [rule] if isinstance(rule, str) else rule
        return f"it must be of type {' or '.join(kinds)}"
    words = {
        "minimum": f"it must be at least {rule}",
        "maximum": f"it must be at most {rule}",
        "exclusiveMinimum": f"it must be above {rule}",
        "exclusiveMaximum": f"it must be below {rule}",
        "pattern": f"it must match {rule}",
        "minItems": f"it needs at least {rule} entries",
        "maxItems": f"it takes at most {rule} entries",
        "uniqueItems": "an entry is there twice",
        "required": error.message,
        "additionalProperties": error.message,
        "anyOf": "it is of none of the allowed forms",
    }
    return words.get(error.validator, error.message)


def _description(schema: dict[str, Any], path: Any) -> str:
    about = ""
    for part in path:
        schema = schema.get("properties", {}).get(part, {})
        about = schema.get("description", about)
    return about


def _named(value: Any, part: dict, where: str) -> Iterator[tuple[str, str, str]]:
    """(where, value, registry) of every value that names an entry of a registry."""
    if "registry" in part:
        yield where, value, part["registry"]
    if isinstance(value, dict):
        for key, inner in part.get("properties", {}).items():
            if key in value:
                yield from _named(value[key], inner, f"{where}.{key}".lstrip("."))
        if isinstance(named_freely := part.get("additionalProperties"), dict):
            for key, inner in value.items():
                yield from _named(inner, named_freely, f"{where}.{key}")
    if isinstance(value, list) and "items" in part:
        for item in value:
            yield from _named(item, part["items"], where)


def known_names(registry: str) -> list[str]:
    """The names that a `registry:` of the schema allows, without importing torch."""
    if registry == "networks":
        return network_names()
    folders = {"replacements": "perturbation", "methods": "attribution", "metrics": "evaluation/metrics"}
    folder = folders.get(registry, registry)
    return sorted(registered_files(folder))


def _refuse_contradictions(config: dict[str, Any]) -> None:
    """Checks between keys; each raises UserError."""
    data, methods = config["data"], config["attribution"]["methods"]
    if data["name"] == "folder" and not data["source"]:
        raise UserError(
            "Config key 'data.source' is missing: data.name 'folder' needs the folder of your pictures there."
        )
    asked = data["checksums"]
    archives = {"gtsrb": GTSRB_CHECKSUMS, "imagenette": IMAGENETTE_CHECKSUMS}.get(data["name"], {})
    if isinstance(asked, dict):
        for archive in archives:
            if archive not in asked:
                raise UserError(
                    f"Config key 'data.checksums' lacks {archive}; name all archives or write 'none'."
                )
    if data["fit"] == "centre_crop" and data["name"] in ("signs", "gtsrb"):
        raise UserError(
            "Config key 'data.fit' is 'centre_crop', which is for 'imagenette' and 'folder'; signs are cut "
            "to their annotation: leave it at 'stretch'."
        )
    _refuse_wrong_model(config)
    if data["signs"]["min_px"] > data["signs"]["max_px"]:
        raise UserError("Config key 'data.signs.min_px' is above 'data.signs.max_px'; swap them.")
    for stage in ("masking", "stickers"):
        for name in config[stage]["methods"] or []:
            if name not in methods and data["name"] != "none":
                raise UserError(
                    f"Config key '{stage}.methods' names {name!r}, which is not in "
                    "'attribution.methods'; add it there."
                )
    grid, size = config["masking"]["grid"], data["size"]
    if grid > size:
        raise UserError(
            f"Config key 'masking.grid' is {grid}, finer than the {size} pixels of 'data.size'; "
            "take a smaller one."
        )
    if config["masking"]["max_cells"] > grid * grid:
        raise UserError(
            f"Config key 'masking.max_cells' is above the {grid * grid} cells of the grid; lower it."
        )
    _refuse_wrong_metrics(config)
    for transform in TRANSFORMS:
        degree_groups(config, transform)
    training_settings(config)


def _refuse_wrong_model(config: dict[str, Any]) -> None:
    """Checks of `model` that need no file; each raises UserError."""
    model = config["model"]
    if model["train"] and config["data"]["name"] == "none":
        raise UserError(
            "Config key 'model.train' is true, but data.name 'none' has nothing to train on; set "
            "'model.train: false' or name a data set."
        )
    if not model["train"] and model["seeds"]:
        raise UserError(
            "Config key 'model.seeds' names seeds of a training, but 'model.train' is false; empty one or "
            "set the other to true."
        )
    if not model["train"] and model["weights"] is None and model["name"] not in torchvision_names():
        raise UserError(
            f"Config key 'model.weights' is null, so {model['name']!r}, which is not to be trained, would "
            "know nothing; give the folder of a trained model, such as results/demo/train."
        )


def _refuse_wrong_metrics(config: dict[str, Any]) -> None:
    """Checks of `evaluation.metrics` against the rest; each raises UserError."""
    metrics, size = config["evaluation"]["metrics"], config["data"]["size"]
    if not metrics or config["data"]["name"] == "none":
        return
    if "random" not in config["attribution"]["methods"]:
        raise UserError(
            "Config key 'attribution.methods' lacks 'random', the chance level of the metrics; add it or "
            "set 'evaluation.metrics: []'."
        )
    if "region_perturbation" in metrics:
        settings = config["evaluation"]["parameters"]["region_perturbation"]
        region, whole = settings["region"], settings["border"] == "drop"
        regions = (size // region if whole else math.ceil(size / region)) ** 2
        if settings["steps"] > regions:
            raise UserError(
                "Config key 'evaluation.parameters.region_perturbation.steps' is above the "
                f"{regions} regions of a picture; lower it or take a smaller region."
            )
    if "localisation" in metrics and truth_regions(config) is None:
        raise UserError(
            "Config key 'evaluation.metrics' names 'localisation', which needs to know where the sign is: "
            "data set 'signs', or 'gtsrb' with 'data.crop_to_roi: false'; leave it out."
        )


def truth_regions(config: dict[str, Any]) -> str | None:
    """Where the truth of the localisation is from: "masks", the "roi" of the annotation, or nowhere."""
    data = config["data"]
    if data["name"] == "signs":
        return "masks"
    return "roi" if data["name"] == "gtsrb" and not data["crop_to_roi"] else None


def metric_choice(config: dict[str, Any], metric: str) -> dict[str, Any]:
    """What a job of `metric` depends on: its parameters, and how many images it sees (None: all)."""
    evaluation, masking = config["evaluation"], config["masking"]
    if metric == "grid_masking":
        return {"parameters": {k: v for k, v in masking.items() if k != "methods"}, "images": None}
    own = dict(evaluation["parameters"].get(metric, {}))
    images = own.pop("images", None) or evaluation["images"]
    return {"parameters": own, "images": None if images == "all" else images}


def degree_groups(config: dict[str, Any], transform: str) -> dict[str, list[int]]:
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


def method_choice(config: dict[str, Any], name: str) -> dict[str, Any]:
    """What `name`, a registered method or a variant, stands for: method, parameters, layer."""
    attribution = config["attribution"]
    variant = attribution["variants"].get(name, {"method": name, "parameters": {}, "layer": None})
    method = variant["method"]
    return {
        "method": method,
        "parameters": attribution["parameters"].get(method, {}) | variant["parameters"],
        "layer": variant["layer"] or attribution["layer"],
    }


def method_labels(config: dict[str, Any]) -> dict[str, str]:
    """Labels of the variants that have one of their own."""
    return {n: v["label"] for n, v in config["attribution"]["variants"].items() if v["label"]}


def _refuse_wrong_variants(config: dict[str, Any], schema: dict[str, Any]) -> None:
    """Checks the parameters of variants against the schema of their method; each raises UserError."""
    known = schema["properties"]["attribution"]["properties"]["parameters"]["properties"]
    for name, variant in config["attribution"]["variants"].items():
        where = f"attribution.variants.{name}"
        if name in registered_files("attribution"):
            raise UserError(f"Config key {where!r} has the name of a registered method; take another name.")
        part = known.get(variant["method"], {"properties": {}})
        for key, value in variant["parameters"].items():
            if key not in part["properties"]:
                hint = nearest(key, part["properties"]) if part["properties"] else "the method has none."
                raise UserError(f"Unknown config key {key!r} in '{where}.parameters'; {hint}")
            for error in _Validator(part["properties"][key]).iter_errors(value):
                raise UserError(f"Config key '{where}.parameters.{key}' is {value!r}; {_reason(error)}.")


def training_settings(config: dict[str, Any]) -> dict[str, Any]:
    """All settings of the training: keys that are null come from the preset.

    `data.rotate.when: epoch` is part of it, since the training draws those rotations.
    """
    given = {k: v for k, v in config["training"].items() if v is not None}
    given["augmentation"] = {k: v for k, v in given["augmentation"].items() if v is not None}
    settings = resolve(given)
    rotate = config["data"]["rotate"]
    settings["augmentation"]["rotation"] = float(rotate["sd"]) if rotate["when"] == "epoch" else 0.0
    return settings
