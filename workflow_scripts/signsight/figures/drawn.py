"""Which figures a run draws, what each is drawn from, and what it is told."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.choices import (
    MASKING,
    Config,
    about_metric,
    base_metric,
    controls,
    looks,
    training_settings,
)
from signsight.core.registry import figures
from signsight.figures.table import signature, undrawn

if TYPE_CHECKING:
    from signsight.plan.plan import Files, Plan


# Artefacts of all methods of the run that tell them apart.
NAMING = {"cascades", "maps", "metric_curves", "metrics", "nulls", "perturbed", "ranking", "seeds", "times"}
RANDOM_CHANGES = ("p", "flip", "brightness", "contrast", "saturation", "hue", "rotation")
BOXES = {"box_curves", "box_metrics", "box_nulls", "box_ranking"}  # the same of a detector's boxes
SUMMARISED = (
    "clean", "masking", "empty_maps", "geometry", "stickers", "sticker_confusions", "background", "metrics",
    "ranking", "seeds", "trainings", "identical_maps", "verdict", "drawn_and_real", "on_sticker",
    "real_examples",
)  # fmt: skip


PUBLISHED = ("clean", "masking", "rotation", "perspective_vertical", "stickers")  # of the summary


class Drawn:
    """The figures of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def artefacts(self) -> dict[str, Files]:
        """What a figure can be drawn from, by the name that its function has for it; only what is made."""
        found: dict[str, Files] = dict(self.plan.table_files) | self.plan.features.tables
        found |= self.plan.detection.tables | self.plan.compare.artefacts | self.plan.gaps.tables
        found |= {"history": self.plan.history[0]} if self.plan.history else {}
        if "photographs" in self.plan.albums.methods:
            pictures = self.plan.albums.pictures("photographs")
            found |= {"photographs": pictures["table"], "photograph_images": pictures["images"]}
            found["photograph_maps"] = self.plan.albums.maps("photographs")
        if not self.plan.has_data:
            return found
        found |= {
            "classes": self.plan.classes,
            "images": self.plan.image_set("crop/test"),
            "maps": self.plan.maps(self.plan.methods),
            "clean_scores": self.plan.scores("clean")[0],
            "times": {m: f"{self.plan.root}/attribute/{m}/time.csv" for m in self.plan.methods},
        }
        if self.plan.masking_methods:
            found["cells"] = self.plan.cells(self.plan.masking_methods)
            found["masking_scores"] = self.plan.metric_files(MASKING, methods=self.plan.masking_methods)
        if self.plan.sticker_targets:
            first = self.plan.sticker_methods[0]
            targets = self.plan.sticker_targets
            found["sticker_cells"] = self.plan.cells([first])[first]
            found["sticker_bases"] = {t: self.plan.image_set(self.plan.sticker_base(t)) for t in targets}
            scores = {t: f"{self.plan.root}/score/stickers/{t}-{first}.npz" for t in targets}
            found["sticker_scores"] = scores
        if self.plan.background_sets:
            found["composed"] = f"{self.plan.root}/composed/pictures.npz"
        if self.plan.metrics:
            found["perturbed"] = f"{self.plan.root}/perturbed/pictures.npz"
            found["cascades"] = {m: f"{self.plan.root}/randomised/{m}/maps.npz" for m in self.plan.methods}
        return found

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What a figure can be told, by the name that its function has for it."""
        config, detection = self.plan.config, self.plan.detection
        told = {m: about_metric(config, m) for m in self.plan.metrics}
        parameters = {m: self.plan.metric(m)["parameters"] for m in (*self.plan.metrics, *detection.metrics)}
        quantities = self._quantities(self.plan.metrics)
        first = next(iter(told[self.plan.metrics[0]]["quantities"].values())) if self.plan.metrics else {}
        training = training_settings(config)
        return {
            "confidence": self.plan.confidence,
            "label_smoothing": training["label_smoothing"],
            "augmented": any(training["augmentation"][key] for key in RANDOM_CHANGES),
            "grid": config["masking"]["grid"],
            "colour": config["masking"]["colour"],
            "masked_cells": [int(k) for k in self.plan.masked_cells],
            "methods": self.plan.methods,
            "controls": controls(config),
            "degrees": self.plan.degrees,
            "fill": self.plan.config["geometry"]["fill"],
            "sticker_sets": {name: list(pair) for name, pair in self.plan.sticker_sets.items()},
            "sticker_method": next(iter(self.plan.sticker_methods), None),
            "designs": config["stickers"]["designs"],
            "sign_widths": config["stickers"]["sign_widths"],
            "cropped": config["data"]["crop_to_roi"],
            "sheet_images": config["figures"]["sheet_images"],
            "overview_images": config["figures"]["overview_images"],
            "quantities": quantities,
            "metric_scores": {m: own["score"] for m, own in parameters.items() if "score" in own},
            "hidden": {m: own["hidden"] for m, own in parameters.items() if "hidden" in own},
            "seeds_quantity": [*quantities[0], first["direction"]] if quantities else None,
            "recipes": self.plan.features.labels,
            "network": self.plan.told_network,
            "networks_compared": len(self.plan.runs) - 1,
            "box_controls": detection.controls,
            "box_quantities": self._quantities(detection.metrics),
            "follows": detection.config["follows"],
        }

    def _quantities(self, metrics: list[str]) -> list[list[str]]:
        """Metric, quantity and label of all quantities of metrics."""
        told = {m: about_metric(self.plan.config, m)["quantities"] for m in metrics}
        return [[m, q, one["label"]] for m, own in told.items() for q, one in own.items()]

    @cached_property
    def names(self) -> list[str]:
        """The figures that are drawn: all that they are drawn from is made, and their `when` holds."""
        every = sorted(figures.names(), key=figures.order)
        last = [name for name in every if "undrawn" in signature(name)[1]]  # these draw what no other does
        drawn = [name for name in every if name not in last and self._is_drawn(name)]
        self.facts["undrawn"] = undrawn(self.bases, drawn)
        return drawn + [name for name in last if self._is_drawn(name)]

    @cached_property
    def bases(self) -> dict[str, str]:
        """Metric or variant of the run -> the registered metric that it stands for."""
        return {name: base_metric(self.plan.config, name) for name in self.plan.metrics}

    def _is_drawn(self, name: str) -> bool:
        when, chosen = figures.about(name).get("when", {}), set(self.plan.metrics)
        explaining = set(self.plan.methods) - set(self.facts["controls"])
        return (
            all(artefact in self.artefacts for artefact in signature(name)[0])
            and ("stage" not in when or bool(self.plan.tables.get(when["stage"])))
            and set(when.get("metrics", ())) <= chosen
            and (not when.get("any_metric") or bool(chosen & set(when["any_metric"])))
            and set(when.get("methods", ())) <= set(self.plan.methods)
            and len(self.facts["quantities"]) >= when.get("quantities", 0)
            and len(self.facts.get("undrawn", ())) >= when.get("undrawn", 0)
            and len(self.plan.methods) >= when.get("methods_at_least", 0)
            and len(explaining) >= when.get("explaining_at_least", 0)
            and all(_at(self.plan.config, key) == value for key, value in when.get("config", {}).items())
            and (not when.get("own_classes") or self.plan.own_classes)
            and (not when.get("variants") or any(m != self.bases[m] for m in self.metrics_in(name)))
        )

    def inputs(self, name: str) -> dict[str, Files]:
        """Artefact -> files that the figure is drawn from."""
        return {artefact: self.artefacts[artefact] for artefact in signature(name)[0]}

    def about(self, name: str) -> dict[str, Any]:
        """What a figure's declaration says."""
        return figures.about(name)

    def caption(self, name: str) -> str | None:
        """The caption's file, from the folder `rules`; for one of a plugin, beside the plugin, or none."""
        if name not in figures.own():
            return f"captions/{name}.rst"
        file = figures.file(name).with_name(f"{name}.rst").resolve()
        return str(file) if file.is_file() else None

    def published(self, name: str) -> dict[str, str]:
        """Published tables that a figure compares with, of those that the data set has: name -> file."""
        known = self.plan.published
        return {one: known[one] for one in figures.about(name).get("published", ()) if one in known}

    @cached_property
    def summarised(self) -> dict[str, Files]:
        """What the summary is written from."""
        made = {"history": self.plan.history[:1], "examples": self.plan.examples[:1]}
        tables = {name: file for name, file in self.plan.table_files.items() if name in SUMMARISED}
        found = tables | {key: files[0] for key, files in made.items() if files}
        found |= {"index": f"{self.plan.test}/index.csv"} if self.plan.has_data else {}
        return found | self.plan.detection.summarised | self.plan.compare.tables | self.plan.gaps.tables

    @cached_property
    def summary_facts(self) -> dict[str, Any]:
        """What the summary is told."""
        config = self.plan.config
        return {
            "experiment": config["experiment"],
            "dataset": config["data"]["name"],
            "model": config["model"]["name"],
            "cropped": config["data"]["crop_to_roi"],
            "fill": config["geometry"]["fill"],
            "confidence": self.plan.confidence,
            "own": self.plan.own,
            "detector": config["detection"]["detector"]["name"],
            "chosen": [key for key, value in self.plan.training.items() if value is None and key != "keep"],
            "compared_apart": self.plan.compare.apart,
        }

    @property
    def summary_published(self) -> dict[str, str]:
        """Published tables that stand in the summary: name -> file."""
        known = self.plan.published
        return {name: file for name, file in known.items() if name in PUBLISHED}

    @cached_property
    def metric_words(self) -> dict[str, Any]:
        """What figures and the summary write of the metrics of the run, so that they follow its wording."""
        keys = ("label", "x", "quantities", "curves")
        named = (*self.plan.metrics, *self.plan.detection.metrics)
        told = {m: about_metric(self.plan.config, m) for m in named}
        return {m: {k: v for k, v in about.items() if k in keys} for m, about in told.items()}

    def metrics_in(self, name: str) -> list[str]:
        """The metrics of the run that a figure shows: those that it names, or else all.

        Variants of those are shown where the figure is one of variants. Figures of the maps of boxes show
        the metrics of these.
        """
        if BOXES & set(signature(name)[0]):
            return self.plan.detection.metrics
        about = figures.about(name)
        when = about.get("when", {})
        own = {*about.get("draws", ()), *when.get("metrics", ()), *when.get("any_metric", ())}
        shown = self.bases if when.get("variants") else {m: m for m in self.plan.metrics}
        return [metric for metric, base in shown.items() if base in own or not own]

    def words(self, name: str) -> dict[str, Any]:
        """What a figure writes of metrics, where it is drawn from a table of them."""
        tables = {"metrics", "metric_curves", "nulls", "ranking", "agreement", "seeds"} | BOXES
        return {m: self.metric_words[m] for m in self.metrics_in(name) if tables & set(signature(name)[0])}

    def told(self, name: str) -> dict[str, Any]:
        """Fact -> what the figure is told."""
        known = self.facts | {"signed": [m for m in self.looks_in(name) if self.plan.is_signed(m)]}
        for fact in ("metric_scores", "hidden"):
            known[fact] = {m: known[fact][m] for m in self.metrics_in(name) if m in known[fact]}
        return {fact: known[fact] for fact in signature(name)[1] if fact in known}

    def is_paged(self, name: str) -> bool:
        """Whether a figure is a folder of pages."""
        return name in figures and bool(figures.about(name).get("pages"))

    def files(self, name: str) -> list[str]:
        """The figure as PNG, which the report shows, and as SVG; of one in pages, their folder."""
        if self.is_paged(name):
            return [f"{self.plan.root}/figures/{name}"]
        return [f"{self.plan.root}/figures/{name}.{kind}" for kind in ("png", "svg")]

    @cached_property
    def looks(self) -> dict[str, dict[str, Any]]:
        """How the methods of the run are named and drawn."""
        plan = self.plan
        photographs = plan.albums.methods.get("photographs", [])
        return looks(plan.config, [*plan.methods, *plan.detection.methods, *photographs])

    def looks_in(self, name: str) -> dict[str, dict[str, Any]]:
        """How the methods that a figure names are named and drawn."""
        artefacts, plan = set(signature(name)[0]), self.plan
        if artefacts & BOXES:
            named = plan.detection.methods
        elif artefacts & {"photograph_maps", "on_sticker"}:
            named = plan.config["real_examples"]["methods"]
        elif "sticker_cells" in artefacts:
            named = plan.sticker_methods[:1]
        elif artefacts & {"drawn_and_real", "stickers", "sticker_confusions"}:
            named = plan.sticker_methods
        elif artefacts & {"cells", "masking", "masking_scores"}:
            named = plan.masking_methods
        else:
            named = plan.methods if artefacts & NAMING else []
        return looks(plan.config, named)


def _at(config: Config, key: str) -> Any:
    """The value of a dotted key, None where there is none."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
