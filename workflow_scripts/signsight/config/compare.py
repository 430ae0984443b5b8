"""The config key `compare`: experiments by their labels, and what a comparison alone leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from signsight.config.choices import Config
from signsight.config.recipes import PRODUCTS
from signsight.core.errors import UserError
from signsight.data.dataset import facts
from signsight.data.experiment import Experiment

# Groups of the config that ask for pictures, a network or something made of them.
OWN = (
    "data", "model", "training", "stages", "attribution", "masking", "stickers", "geometry", "background",
    "real_examples", "gallery", "features", "detection",
)  # fmt: skip
FEWEST, MOST = 2, 6  # experiments: more cannot be told apart in a figure


# What experiments have to have in common, for their maps and metrics to be comparable.
ASKED = (("attribution", "target"), ("attribution", "score"), ("evaluation", "target"))


def without_own_stages(config: Config) -> Config:
    """The config as it is given; without a data set and a network where it asks for a comparison alone."""
    if not config.get("compare") or any(config.get(group) is not None for group in OWN):
        return config
    return config | {"data": {"name": "none"}, "model": {"train": False}}


def apply_compare(config: Config) -> None:
    """Replace `compare` by label -> folder; without names of their own the folders' names."""
    given = config["compare"]
    if isinstance(given, list):
        names = [Path(folder).name for folder in given]
        for name in names:
            if names.count(name) > 1:
                raise UserError(
                    f"Config key 'compare' has two folders with the name {name!r}; give them names: "
                    "'compare: {one: results/a, other: elsewhere/a}'."
                )
        given = dict(zip(names, given, strict=True))
    if given and not FEWEST <= len(given) <= MOST:
        raise UserError(
            f"Config key 'compare' has {len(given)} folders; name {FEWEST} to {MOST} finished experiments."
        )
    config["compare"] = {str(label): str(Path(folder)) for label, folder in given.items()}


def needs_no_network(config: Config) -> bool:
    """Whether experiments are compared and nothing is asked of a network."""
    features = config["features"]
    asked = [config[group]["source"] for group in ("gallery", "real_examples", "features")]
    asked += [features["classes"]["which"], *(features[product][key] for product, key in PRODUCTS.items())]
    return bool(config["compare"]) and not facts(config["data"]["name"])["pictures"] and not any(asked)


def check_compared(config: Config) -> None:
    """UserError for an experiment that is not there or not finished."""
    for label, folder in config["compare"].items():
        run = f"run it first: snakemake --cores 8 --configfile <the config of {label}>"
        if not Path(folder).is_dir():
            raise UserError(
                f"Config key 'compare': {folder} does not exist; correct its path or, if the experiment has "
                f"not been run yet, {run}."
            )
        if missing := Experiment(folder).missing:
            raise UserError(f"Config key 'compare': {missing} does not exist; {run}.")
    _refuse_other_questions(config["compare"])


def _refuse_other_questions(folders: Mapping[str, str]) -> None:
    """UserError where the configs that experiments have stored say that they explained different things."""
    first: dict[tuple[str, str], tuple[str, Any]] = {}
    for label, folder in folders.items():
        stored = _stored(Path(folder, "config.yaml"))
        for group, key in ASKED:
            if not isinstance(stored.get(group), dict) or key not in stored[group]:
                continue
            answer = stored[group][key]
            other, before = first.setdefault((group, key), (label, answer))
            if answer != before:
                raise UserError(
                    f"Config key 'compare': '{group}.{key}' is {before!r} in {folders[other]} and {answer!r} "
                    f"in {folder}, so their maps answer different questions; run one with the other's value."
                )


def _stored(file: Path) -> Config:
    """The config that an experiment was made with; empty for one that stored none."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}
