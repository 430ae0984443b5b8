"""The config keys `compare` and `against_published`: finished experiments, and what these alone leave out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signsight.config.choices import TRANSFORMS, Config
from signsight.config.recipes import PRODUCTS
from signsight.core.errors import UserError
from signsight.core.registry import data_sets
from signsight.data.dataset import facts
from signsight.data.experiment import Experiment

# Groups of the config that ask for pictures, a network or something made of them.
OWN = (
    "data", "model", "training", "stages", "attribution", "masking", "stickers", "geometry", "background",
    "real_examples", "gallery", "features", "detection",
)  # fmt: skip
# Key -> fewest and most experiments: more cannot be told apart in a figure.
NUMBERS = {"compare": (2, 6), "against_published": (1, 10)}

# What experiments have to have in common, for their maps and metrics to be comparable.
ASKED = (("attribution", "target"), ("attribution", "score"), ("evaluation", "target"))
# Published tables that the answers to single images can stand beside.
PUBLISHED = ("clean", *TRANSFORMS, "masking", "maps", "stickers")


def experiments_named(config: Config) -> bool:
    """Whether finished experiments are compared, with each other or with published numbers."""
    return any(config.get(key) for key in NUMBERS)


def without_own_stages(config: Config) -> Config:
    """The config as it is given; without a data set and a network where it asks for a comparison alone."""
    if not experiments_named(config) or any(config.get(group) is not None for group in OWN):
        return config
    return config | {"data": {"name": "none"}, "model": {"train": False}}


def apply_compare(config: Config) -> None:
    """Replace the experiments by label -> folder; without names of their own the folders' names."""
    for key, (fewest, most) in NUMBERS.items():
        given = config[key]
        if isinstance(given, list):
            given = _named_by_folders(key, given)
        if given and not fewest <= len(given) <= most:
            raise UserError(
                f"Config key {key!r} has {len(given)} folders; name {fewest} to {most} finished experiments."
            )
        config[key] = {str(label): str(Path(folder)) for label, folder in given.items()}


def _named_by_folders(key: str, folders: list[str]) -> dict[str, str]:
    """Name of a folder -> its path; UserError for two of one name."""
    names = [Path(folder).name for folder in folders]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"Config key {key!r} has two folders with the name {name!r}; give them names: "
                f"'{key}: {{one: results/a, other: elsewhere/a}}'."
            )
    return dict(zip(names, folders, strict=True))


def needs_no_network(config: Config) -> bool:
    """Whether experiments are compared and nothing is asked of a network."""
    features = config["features"]
    asked = [config[group]["source"] for group in ("gallery", "real_examples", "features")]
    asked += [features["classes"]["which"], *(features[product][key] for product, key in PRODUCTS.items())]
    return experiments_named(config) and not facts(config["data"]["name"])["pictures"] and not any(asked)


def check_compared(config: Config) -> None:
    """UserError for an experiment that is not there or not finished, or that cannot be compared."""
    for key in NUMBERS:
        for label, folder in config[key].items():
            _refuse_unfinished(key, label, folder)
    _refuse_other_questions(config["compare"])
    _refuse_unpublished(config["against_published"])


def _refuse_unfinished(key: str, label: str, folder: str) -> None:
    run = f"run it first: snakemake --cores 8 --configfile <the config of {label}>"
    if not Path(folder).is_dir():
        raise UserError(
            f"Config key {key!r}: {folder} does not exist; correct its path or, if the experiment has "
            f"not been run yet, {run}."
        )
    if missing := Experiment(folder).missing:
        raise UserError(f"Config key {key!r}: {missing} does not exist; {run}.")


def _refuse_other_questions(folders: Mapping[str, str]) -> None:
    """UserError where the configs that experiments have stored say that they explained different things."""
    first: dict[tuple[str, str], tuple[str, Any]] = {}
    for label, folder in folders.items():
        stored = Experiment(folder).config
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


def published_tables(name: str) -> dict[str, str]:
    """Published tables that experiments on a data set can stand beside: part -> file in config/published."""
    known = facts(name)["published"]
    return {part: known[part] for part in PUBLISHED if part in known}


def _refuse_unpublished(folders: Mapping[str, str]) -> None:
    """UserError unless all experiments are of one data set that there are published tables of."""
    first: tuple[str, str] | None = None
    for folder in folders.values():
        stored = Experiment(folder)
        data = stored.config.get("data")
        name = data.get("name") if isinstance(data, dict) else None
        if not isinstance(name, str):
            raise UserError(
                f"Config key 'against_published': {stored.file('config.yaml')}, which says what data set the "
                "experiment is of, does not exist or names none; run the experiment to its end."
            )
        if name not in data_sets or not published_tables(name):
            having = " or ".join(one for one in data_sets.names() if published_tables(one))
            raise UserError(
                f"Config key 'against_published': {folder} is of the data set {name!r}, of which there "
                f"are no published numbers; name experiments on {having}."
            )
        other, before = first = first or (folder, name)
        if name != before:
            raise UserError(
                f"Config key 'against_published': {other} is of the data set {before!r} and {folder} of "
                f"{name!r}; name experiments on one data set."
            )
