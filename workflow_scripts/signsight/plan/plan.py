"""What a run makes: from the checked config to image sets, runs, tables, figures and files that are kept.

Pure: nothing is read but declarations, so it is tested without Snakemake. The `.smk` files hold the rules
and ask the plan for names of files and params.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from signsight.config.choices import (
    MASKING,
    Config,
    about_method,
    about_metric,
    method_choice,
    metric_choice,
)
from signsight.config.rules import truth_regions
from signsight.core.registry import REGISTRIES, metrics
from signsight.data.shards import shard_names
from signsight.figures.drawn import Drawn
from signsight.plan.albums import Albums
from signsight.plan.compare import Compare
from signsight.plan.detection import Detection
from signsight.plan.explorer import Explorer
from signsight.plan.features import Features
from signsight.plan.gaps import Gaps
from signsight.plan.groups import ANY_METRIC, Group, groups_of
from signsight.plan.sets import Sets
from signsight.plan.verdict import Verdict

Files = str | list[str] | dict[str, Any]

METRIC_TABLES = ("metrics", "metric_curves", "pairs", "nulls", "ranking", "agreement")


def flat(files: Files) -> list[str]:
    """The names of files in lists and mappings of them."""
    if isinstance(files, str):
        return [files]
    return [name for inner in (files.values() if isinstance(files, dict) else files) for name in flat(inner)]


class Plan(Sets):
    """What a run with this config (of `config.rules.complete`) makes; all files by their names."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.methods: list[str] = config["attribution"]["methods"]
        self.metrics: list[str] = config["evaluation"]["metrics"]
        self.shards: int = config["shards"]
        self.confidence: float = config["evaluation"]["confidence"]
        self.model = self.model_of("")

    # names of files

    def model_of(self, run: str) -> list[str]:
        """The files of the model that a run trains."""
        return [f"{self.root}/{run}train/model.safetensors", f"{self.root}/{run}train/model.json"]

    def maps(self, methods: Iterable[str], run: str = "") -> dict[str, str]:
        """Method -> file of its maps."""
        return {m: f"{self.root}/{run}attribute/{m}/maps.npy" for m in methods}

    def cells(self, methods: Iterable[str]) -> dict[str, str]:
        """Method -> file of its ranked cells."""
        return {m: f"{self.root}/rank/{m}/cells.npy" for m in methods}

    def metric_files(
        self, metric: str, run: str = "", methods: Iterable[str] | None = None
    ) -> dict[str, str]:
        """Method -> file of a metric's answers."""
        names = self.methods if methods is None else methods
        return {m: f"{self.root}/{run}evaluate/{metric}/{m}/scores.npz" for m in names}

    def log(self, rule: str, wildcards: str = "") -> str:
        """The log file of a rule's job; `wildcards` as '{method}/{cells}'."""
        return f"{Path(self.root, 'logs', rule, wildcards)}.log"

    def benchmark(self, rule: str, wildcards: str = "") -> str:
        """The benchmark file (time and memory) of a rule's job."""
        return f"{Path(self.root, 'benchmarks', rule, wildcards)}.tsv"

    def sharded(self, file: str) -> str:
        """The file of a job for all images, or for the shard of them that the wildcard `shard` names."""
        if self.shards == 1:
            return file
        suffix = Path(file).suffix
        return f"{file.removesuffix(suffix)}.{{shard}}{suffix}"

    def shards_of(self, file: str) -> list[str]:
        """The files of all shards that a file is put together from."""
        return [self.sharded(file).replace("{shard}", name) for name in shard_names(self.shards)]

    @cached_property
    def method_groups(self) -> list[Group]:
        """The methods that one job explains the test images by."""
        return groups_of([(ANY_METRIC, self.methods)], self.config["attribution"]["methods_per_job"])

    @cached_property
    def metric_groups(self) -> list[Group]:
        """The methods that one job measures by a metric; the stage `masking` can have its own."""
        pools = [(ANY_METRIC, self.methods)]
        if self.masking_methods not in ([], self.methods):
            pools = [("|".join(self.metrics), self.methods)] if self.metrics else []
            pools += [(MASKING, self.masking_methods)]
        return groups_of(pools, self.config["attribution"]["methods_per_job"])

    # what a job depends on

    def method(self, name: str) -> dict[str, Any]:
        """What a method or variant stands for."""
        return method_choice(self.config, name)

    def pictured(self, metric: str, *keys: str) -> dict[str, Any]:
        """A metric with those of its parameters that its pictures depend on."""
        own = metrics.defaults(metric) | self.metric(metric)["parameters"]
        return {"metric": metric, "parameters": {key: own[key] for key in keys}}

    def metric(self, name: str) -> dict[str, Any]:
        """What a metric or variant stands for."""
        return metric_choice(self.config, name)

    @property
    def explain(self) -> dict[str, Any]:
        """What is explained."""
        return {key: self.config["attribution"][key] for key in ("target", "score")}

    def protocol(self, metric: str) -> dict[str, Any]:
        """Whose score a metric follows, and how precisely; nothing for one that runs no network."""
        needs = about_metric(self.config, metric)["needs"]
        keys = ("target", "precision") if needs == "model" else ("target",)
        return {key: self.config["evaluation"][key] for key in keys}

    @property
    def ranking(self) -> dict[str, Any]:
        """How cells are ranked; all of them are, so that the number that is masked does not matter."""
        return {key: self.config["masking"][key] for key in ("grid", "share")}

    @cached_property
    def measured(self) -> dict[str, Any]:
        """What tables need to know of the metrics."""
        return self.told_of(self.metrics)

    def told_of(self, names: Iterable[str]) -> dict[str, Any]:
        """Direction and chance of the quantities of metrics, areas of their curves."""
        found = {}
        for name in names:
            about = about_metric(self.config, name)
            quantities = {
                q: {key: one.get(key) for key in ("direction", "chance")}
                for q, one in about["quantities"].items()
            }
            areas = {
                c: {"area": list(one["area"])} for c, one in about.get("curves", {}).items() if "area" in one
            }
            found[name] = {"quantities": quantities, "curves": areas}
        return found

    def again(self, metric: str, method: str) -> dict[str, Any] | None:
        """What runs a method again, for a metric that does."""
        if about_metric(self.config, metric)["needs"] != "method":
            return None
        return {**self.method(method), **self.explain}

    def nulls(self, metric: str, method: str) -> int:
        """On how many images the null maps of a method are measured; a control is one itself.

        A metric that runs the method again has no use for maps of other images, and a stage that compares no
        methods has none for null maps.
        """
        if metric not in self.metrics:
            return 0
        control = about_method(self.config, method)["needs"] == "nothing"
        again = about_metric(self.config, metric)["needs"] == "method"
        return 0 if control or again else self.config["evaluation"]["null_images"]

    def is_signed(self, method: str) -> bool:
        """Whether a map of the method or variant has negative values that count."""
        return about_method(self.config, method)["signed"]

    def regions(self, metric: str) -> dict[str, str]:
        """The file that says where the objects are, for a metric that needs it."""
        if about_metric(self.config, metric)["needs"] != "regions":
            return {}
        return {"regions": self.regions_file}

    @property
    def regions_file(self) -> str:
        """The file that says where the objects are in the test images."""
        masks = truth_regions(self.config) == "masks"
        return f"{self.test}/masks.npy" if masks else f"{self.root}/regions/regions.npy"

    @property
    def masks(self) -> dict[str, Any] | None:
        """The user's masks of the test pictures, and how they become regions."""
        data = self.config["data"]
        told = {"folder": data["masks"], "threshold": data["mask_threshold"], "fit": self.fit}
        return told if data["masks"] else None

    @property
    def checked(self) -> list[str]:
        """What says that the network suits what is asked of it, where it is trained for that."""
        asked = self.trained and self.has_data
        return [f"{self.root}/check_methods/checked.txt"] if asked else []

    # tables and figures

    @cached_property
    def tables(self) -> dict[str, dict[str, str]]:
        """Stage -> name of a table -> its file, of the tables that are made."""
        told = {"verdict": {"verdict": self.verdict.table}} if self.verdict.wanted else {}
        told |= {"photographs": {n: f"{self.root}/tables/{n}.csv" for n in self.albums.tables}}
        if not self.has_data:
            return told
        stages = {
            "clean": ("clean", "confusion"),
            "identical_maps": ("identical_maps",) if self.methods else (),
            "masking": ("masking", "empty_maps") if self.masking_methods else (),
            "stickers": ("stickers", "sticker_confusions") if self.sticker_targets else (),
            "geometry": ("geometry",) if any(self.degrees.values()) else (),
            "background": ("background",) if self.background_sets else (),
            "metrics": METRIC_TABLES if self.metrics else (),
        }
        made = {stage: {n: f"{self.root}/tables/{n}.csv" for n in own} for stage, own in stages.items()}
        return made | told | {"seeds": self.seed_tables if len(self.runs) > 1 else {}}

    @property
    def seed_tables(self) -> dict[str, str]:
        """The tables of several trainings: their numbers, and what of the ranking survives another one."""
        names = ("seeds", "trainings") if self.metrics else ("seeds",)
        return {name: f"{self.root}/tables/{name}.csv" for name in names}

    @property
    def told_of_first(self) -> dict[str, str]:
        """What the second of `seed_tables` has to know of the first training."""
        pairs = {"pairs": f"{self.root}/tables/pairs.csv", "identical": self.identical_maps}
        return pairs if self.metrics else {}

    @property
    def identical_maps(self) -> str:
        """The table of methods that give the same maps as another one."""
        return f"{self.root}/tables/identical_maps.csv"

    @cached_property
    def albums(self) -> Albums:
        """The user's own pictures, and what is made of them."""
        return Albums(self)

    @cached_property
    def features(self) -> Features:
        """The pictures that are made by optimisation."""
        return Features(self)

    @cached_property
    def detection(self) -> Detection:
        """What is made of an object detector."""
        return Detection(self)

    @cached_property
    def explorer(self) -> Explorer:
        """The page to explore the results with."""
        return Explorer(self)

    @cached_property
    def verdict(self) -> Verdict:
        """What the run found, in sentences."""
        return Verdict(self)

    @cached_property
    def compare(self) -> Compare:
        """The finished experiments that are compared."""
        return Compare(self)

    @cached_property
    def gaps(self) -> Gaps:
        """The finished experiments that stand beside published numbers."""
        return Gaps(self)

    @property
    def table_files(self) -> dict[str, str]:
        """Name of a table -> its file, of all that are made."""
        return {name: file for tables in self.tables.values() for name, file in tables.items()}

    # the whole

    @cached_property
    def drawn_figures(self) -> Drawn:
        """The figures, what they are drawn from and what they are told."""
        return Drawn(self)

    def stage(self, stage: str) -> list[str]:
        """What one stage makes."""
        return [*self.tables.get(stage, {}).values(), *self.kept.get(stage, [])]

    @property
    def summary(self) -> list[str]:
        """The summary, also as a page, where there is something to sum up."""
        told = self.has_data or self.detection.wanted or self.compare.wanted or self.gaps.wanted
        return [f"{self.root}/summary.md", f"{self.root}/summary.html"] if told else []

    @property
    def to_open(self) -> dict[str, str]:
        """What to open after a run, where it is made."""
        named = {"explorer": self.explorer.page, "report": f"{self.root}/report.html"}
        return named | {"summary": f"{self.root}/summary.md"}

    @property
    def targets(self) -> list[str]:
        """All that a run makes."""
        kept = [file for files in self.kept.values() for file in files]
        figures = [file for name in self.drawn_figures.names for file in self.drawn_figures.files(name)]
        photographs = [self.albums.pictures(album)["table"] for album in self.albums.shown]
        tables = self.table_files.values()
        made = [*self.checked, *tables, *figures, *self.summary, *kept, *photographs, *self.albums.gallery,
                *self.features.made, *self.detection.made, *self.explorer.made,
                *self.compare.made, *self.gaps.made]  # fmt: skip
        return list(dict.fromkeys(made))

    @cached_property
    def own(self) -> list[dict[str, str]]:
        """The things of plugins, for the summary."""
        told = []
        for registry in REGISTRIES.values():
            for name in registry.own():
                about = registry.about(name)
                words = {key: str(about.get(key, "")) for key in ("label", "measures", "misleads")}
                told.append({"kind": registry.noun, "name": name, "file": registry.file(name).name, **words})
        return told
