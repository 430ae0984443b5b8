"""What is made of finished experiments beside the numbers of a published study, and from which files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.changed import changed
from signsight.config.choices import MASKING, TRANSFORMS
from signsight.config.compare import published_tables
from signsight.core.registry import methods
from signsight.data.experiment import Experiment

if TYPE_CHECKING:
    from signsight.plan.plan import Plan

STOCK = "stock"  # the pictures whose stickers are published


class Gaps:
    """The experiments that a run sets beside published numbers; their files are looked up when asked for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folders: dict[str, str] = plan.config["against_published"]
        self.wanted = bool(self.folders)

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """Label -> experiment; the first is the reference."""
        return {label: Experiment(folder) for label, folder in self.folders.items()}

    @cached_property
    def published(self) -> dict[str, str]:
        """Part -> published table, of the data set of the experiments."""
        if not self.wanted:
            return {}
        first = next(iter(self.experiments.values()))
        return published_tables(first.config["data"]["name"])

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """Label -> what `evaluation.compared.beside.read_beside` reads of the experiment."""
        return {label: self._files_of(one) for label, one in self.experiments.items()}

    def _files_of(self, one: Experiment) -> dict[str, Any]:
        masked = one.values.get(MASKING, {})
        stickers = _by_published_name(
            name.removeprefix(f"{STOCK}-") for name in one.scores("stickers") if name.startswith(f"{STOCK}-")
        )
        stuck = next((m for name, m in stickers.items() if not _is_control(name)), None)
        return {
            "index": one.image_set("test")["index"],
            "clean": one.file("score/clean/test.npz"),
            "crop": "cropped" if one.config["data"].get("crop_to_roi", True) else "uncropped",
            **{transform: list(one.scores(transform).values()) for transform in TRANSFORMS},
            "masking": {name: masked[m] for name, m in _by_published_name(masked).items()},
            "stickers": one.scores("stickers")[f"{STOCK}-{stuck}"] if stuck else None,
            "stock": one.image_set(STOCK)["index"] if stuck else None,
        }

    @cached_property
    def settings(self) -> dict[str, list[str]]:
        """Label -> what was changed against the reference, as 'data.rotate.sd 20'."""
        first = next(iter(self.experiments.values()))
        found = {}
        for label, one in self.experiments.items():
            told = [f"{key} {_written(value)}" for key, value in changed(first.config, one.config).items()]
            ours, theirs = (_by_published_name(each.values.get(MASKING, {})) for each in (one, first))
            told += [f"{name} by {m}" for name, m in ours.items() if theirs.get(name, m) != m]
            found[label] = told
        return found

    @property
    def inputs(self) -> list[str]:
        """All files that are read."""
        found: list[str] = []
        for own in self.files.values():
            single = [own[key] for key in ("index", "clean", "stickers", "stock") if own[key]]
            turned = [file for transform in TRANSFORMS for file in own[transform]]
            found += [*single, *turned, *own["masking"].values()]
        return found

    @property
    def tables(self) -> dict[str, str]:
        """Name of the table -> its file."""
        return {"published_gaps": f"{self.plan.root}/tables/published_gaps.csv"} if self.wanted else {}

    @property
    def made(self) -> list[str]:
        """The table and the figure that is drawn of it."""
        drawn = self.plan.drawn_figures
        named = [name for name in drawn.names if set(drawn.inputs(name)) & set(self.tables)]
        return [*self.tables.values(), *(file for name in named for file in drawn.files(name))]


def _by_published_name(names: Iterable[str]) -> dict[str, str]:
    """Published name -> method of an experiment.

    A method that says which published one it repeats (`published_as`) counts before one of that name.
    """
    names = list(names)
    own = {name: name for name in names}
    return own | {
        methods.about(name)["published_as"]: name
        for name in names
        if name in methods and "published_as" in methods.about(name)
    }


def _is_control(name: str) -> bool:
    return name in methods and methods.about(name)["needs"] == "nothing"


def _written(value: Any) -> str:
    """A value as a config has it."""
    return json.dumps(value, ensure_ascii=False).replace('"', "")
