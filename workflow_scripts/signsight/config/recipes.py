"""Recipes for pictures made by optimisation: presets, with what a config changes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signsight.config.schema import refuse_parameters
from signsight.core.errors import UserError
from signsight.core.registry import Registry, parametrisations, presets, regularisers, transforms
from signsight.data.dataset import facts

Config = dict[str, Any]
# Products beside the pictures of classes -> the key that says what of them is made.
PRODUCTS = {"filters": "layers", "activations": "layers", "inversion": "layers", "dream": "targets"}
SETTINGS = {
    "optimiser": "adam", "rate": 0.05, "momentum": 0.0, "steps": 256, "views": 1, "score": "logit",
}  # fmt: skip


def recipe_choice(config: Config, name: str) -> dict[str, Any]:
    """What `name`, a preset or a recipe of the config, stands for, as the params of a job name it."""
    own = config["features"]["recipes"].get(name, {"preset": name})
    about = presets.about(own["preset"])
    changed = {key: value for key, value in own.items() if value is not None}
    kind = changed.get("parametrisation") or about["parametrisation"]
    parameters = about.get("parameters", {}) if kind == about["parametrisation"] else {}
    given = {
        part: _merged(about.get(part, {}), changed.get(part, {})) for part in ("transforms", "regularisers")
    }
    return {
        "parametrisation": {
            "parametrisation": kind,
            "parameters": dict(parameters) | changed.get("parameters", {}),
        },
        "transforms": [{"transform": k, "parameters": v} for k, v in given["transforms"].items()],
        "regularisers": [{"regulariser": k, "parameters": v} for k, v in given["regularisers"].items()],
    } | {key: changed.get(key, about.get(key, default)) for key, default in SETTINGS.items()}


def recipe_label(config: Config, name: str) -> str:
    """What figures call a recipe."""
    own = config["features"]["recipes"].get(name)
    return (own and own["label"]) or (name.replace("_", " ") if own else presets.about(name)["label"])


def needs(config: Config, name: str, what: str) -> bool:
    """Whether a part of the recipe needs `what`: the "spectrum" of natural pictures, the "class_mean"."""
    recipe = recipe_choice(config, name)
    parts = [(parametrisations, recipe["parametrisation"]["parametrisation"])]
    parts += [(regularisers, one["regulariser"]) for one in recipe["regularisers"]]
    return any(registry.about(part).get("needs") == what for registry, part in parts)


def _merged(
    given: Mapping[str, Mapping[str, Any]], changed: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any]:
    """The parts of a preset with those of a config: parameters join, null takes a part out."""
    found = {name: dict(parameters) for name, parameters in given.items()}
    for name, parameters in changed.items():
        if parameters is None:
            found.pop(name, None)
        else:
            found[name] = found.get(name, {}) | parameters
    return found


def refuse_wrong_features(config: Config) -> None:
    """UserError for what the group `features` names or combines and does not go together."""
    _refuse_wrong_recipes(config)
    features, name = config["features"], config["data"]["name"]
    given = [f"{product}.{key}" for product, key in PRODUCTS.items() if features[product][key]]
    pictures = facts(name)["pictures"] or features["source"]
    if given and not pictures:
        raise UserError(
            f"Config key 'features.{given[0]}' needs pictures, but data.name {name!r} has none; name some in "
            "'features.source'."
        )
    for key, preset in _used(features).items():
        if needs(config, preset, "spectrum") and not pictures:
            raise UserError(
                f"Config key 'features.{key}' names {preset!r}, which needs a spectrum of natural pictures, "
                "but there are none; name some in 'features.source', or take 'fourier'."
            )
        if needs(config, preset, "class_mean") and not _of_classes(features, key):
            raise UserError(
                f"Config key 'features.{key}' names {preset!r}, which holds pictures near the mean of their "
                "class; take another for what is no class."
            )


def _used(features: Config) -> dict[str, str]:
    """Config key within `features` -> the preset or recipe that it names, of what is made."""
    which = features["classes"]["which"]
    classes = {f"classes.presets.{n}": name for n, name in enumerate(features["classes"]["presets"]) if which}
    products = [name for name, key in PRODUCTS.items() if features[name][key] and "preset" in features[name]]
    return classes | {f"{name}.preset": features[name]["preset"] for name in products}


def _of_classes(features: Config, key: str) -> bool:
    """Whether pictures under a key are all of classes."""
    which = features["classes"]["which"]
    return key.startswith("classes") and not any(isinstance(one, dict) for one in which)


def _refuse_wrong_recipes(config: Config) -> None:
    for name, own in config["features"]["recipes"].items():
        where = f"features.recipes.{name}"
        if name in presets:
            raise UserError(f"Config key {where!r} has the name of a preset; choose another name.")
        for key, registry in (("transforms", transforms), ("regularisers", regularisers)):
            for part in own[key]:
                registry.file(part)
        _refuse_parts(config, recipe_choice(config, name), where)


def _refuse_parts(config: Config, recipe: Mapping[str, Any], where: str) -> None:
    kind = recipe["parametrisation"]["parametrisation"]
    _refuse(parametrisations, kind, recipe["parametrisation"]["parameters"], f"{where}.parameters")
    for one in recipe["transforms"]:
        name = one["transform"]
        _refuse(transforms, name, one["parameters"], f"{where}.transforms.{name}")
        if transforms.about(name).get("mirrors") and facts(config["data"]["name"])["mirror"]:
            raise UserError(
                f"Config key '{where}.transforms' has {name!r}, but data.name {config['data']['name']!r} has "
                "classes whose mirror image is another class; leave it out."
            )
    for one in recipe["regularisers"]:
        name = one["regulariser"]
        _refuse(regularisers, name, one["parameters"], f"{where}.regularisers.{name}")
        if regularisers.about(name)["kind"] == "picture" and not parametrisations.about(kind).get("direct"):
            raise UserError(
                f"Config key '{where}.regularisers' has {name!r}, which changes pixels, but the "
                f"parametrisation {kind!r} has none of its own; take 'pixels' or leave it out."
            )


def _refuse(registry: Registry, name: str, values: Mapping[str, Any], where: str) -> None:
    refuse_parameters(dict(values), registry.parameters(name), where)
