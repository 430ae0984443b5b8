"""Which figures a run draws, what each is drawn from, and what it is told."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.choices import MASKING, Config, controls, looks
from signsight.config.rules import used_methods
from signsight.core.registry import figures, metrics
from signsight.figures.table import signature

if TYPE_CHECKING:
    from signsight.plan import Files, Plan


class Drawn:
    """The figures of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def artefacts(self) -> dict[str, Files]:
        """What a figure can be drawn from, by the name that its function has for it; only what is made."""
        found: dict[str, Files] = dict(self.plan.table_files)
        found |= {"history": self.plan.history[0]} if self.plan.history else {}
        if "photographs" in self.plan.albums:
            pictures = self.plan.album_pictures("photographs")
            found |= {"photographs": pictures["table"], "photograph_images": pictures["images"]}
            found["photograph_maps"] = next(iter(self.plan.album_maps("photographs").values()))
        if not self.plan.has_data:
            return found
        found |= {
            "classes": self.plan.classes,
            "images": self.plan.image_set("crop/test"),
            "maps": self.plan.maps(self.plan.methods),
            "clean_scores": self.plan.scores("clean")[0],
            "benchmarks": {m: self.plan.benchmark("attribute", m) for m in self.plan.methods},
        }
        if self.plan.masking_methods:
            found["cells"] = self.plan.cells(self.plan.masking_methods)
            found["masking_scores"] = self.plan.metric_files(MASKING, methods=self.plan.masking_methods)
        if self.plan.sticker_targets:
            first = self.plan.sticker_methods[0]
            found["sticker_cells"] = self.plan.cells([first])[first]
            found["sticker_bases"] = {
                t: self.plan.image_set(self.plan.sticker_base(t)) for t in self.plan.sticker_targets
            }
            files = {t: f"{self.plan.root}/score/stickers/{t}-{first}.npz" for t in self.plan.sticker_targets}
            found["sticker_scores"] = files
        if self.plan.metrics:
            found["perturbed"] = f"{self.plan.root}/perturbed/pictures.npz"
            found["cascades"] = {m: f"{self.plan.root}/randomised/{m}/maps.npz" for m in self.plan.methods}
        return found

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What a figure can be told, by the name that its function has for it."""
        config, told = self.plan.config, {m: metrics.about(m) for m in self.plan.metrics}
        parameters = {m: self.plan.metric(m)["parameters"] for m in self.plan.metrics}
        quantities = [
            [m, q, one["label"]] for m in self.plan.metrics for q, one in told[m]["quantities"].items()
        ]
        first = next(iter(told[self.plan.metrics[0]]["quantities"].values())) if self.plan.metrics else {}
        return {
            "confidence": self.plan.confidence,
            "experiment": config["experiment"],
            "grid": config["masking"]["grid"],
            "colour": config["masking"]["colour"],
            "masked_cells": [int(k) for k in self.plan.masked_cells],
            "methods": self.plan.methods,
            "signed": [m for m in used_methods(config) if self.plan.is_signed(m)],
            "controls": controls(config),
            "degrees": self.plan.degrees,
            "sticker_sets": {name: list(pair) for name, pair in self.plan.sticker_sets.items()},
            "sticker_targets": self.plan.sticker_targets,
            "designs": config["stickers"]["designs"],
            "sign_widths": config["stickers"]["sign_widths"],
            "sheet_images": config["figures"]["sheet_images"],
            "overview_images": config["figures"]["overview_images"],
            "quantities": quantities,
            "metric_parameters": parameters,
            "metric_scores": {m: own["score"] for m, own in parameters.items() if "score" in own},
            "hidden": {m: own["hidden"] for m, own in parameters.items() if "hidden" in own},
            "seeds_quantity": [*quantities[0], first["direction"]] if quantities else None,
            "method": config["real_examples"]["method"],
        }

    @cached_property
    def names(self) -> list[str]:
        """The figures that are drawn: all that they are drawn from is made, and their `when` holds."""
        return [name for name in sorted(figures.names(), key=figures.order) if self._is_drawn(name)]

    def _is_drawn(self, name: str) -> bool:
        when, explaining = (
            figures.about(name).get("when", {}),
            set(self.plan.methods) - set(self.facts["controls"]),
        )
        chosen, config = set(self.plan.metrics), self.plan.config
        return (
            all(artefact in self.artefacts for artefact in signature(name)[0])
            and set(when.get("metrics", ())) <= chosen
            and (not when.get("any_metric") or bool(chosen & set(when["any_metric"])))
            and set(when.get("methods", ())) <= set(self.plan.methods)
            and len(self.facts["quantities"]) >= when.get("quantities", 0)
            and len(self.plan.methods) >= when.get("methods_at_least", 0)
            and len(explaining) >= when.get("explaining_at_least", 0)
            and all(_at(config, key) == value for key, value in when.get("config", {}).items())
            and not (when.get("own_classes") and self.plan.model_classes)
        )

    def inputs(self, name: str) -> dict[str, Files]:
        """Artefact -> files that the figure is drawn from."""
        return {artefact: self.artefacts[artefact] for artefact in signature(name)[0]}

    def about(self, name: str) -> dict[str, Any]:
        """What a figure's declaration says."""
        return figures.about(name)

    def published(self, name: str) -> dict[str, str]:
        """Published tables that a figure compares with, of those that the data set has: name -> file."""
        known = self.plan.about["published"]
        return {one: known[one] for one in figures.about(name).get("published", ()) if one in known}

    @cached_property
    def summarised(self) -> dict[str, Files]:
        """What the summary is written from."""
        plan = self.plan
        made = {"history": plan.history[:1], "examples": plan.examples[:1]}
        return plan.table_files | {key: files[0] for key, files in made.items() if files}

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What figures and the summary say of the metrics."""
        keys = ("label", "x", "quantities", "curves")
        return {m: {k: v for k, v in metrics.about(m).items() if k in keys} for m in self.plan.metrics}

    def told(self, name: str) -> dict[str, Any]:
        """Fact -> what the figure is told."""
        return {fact: self.facts[fact] for fact in signature(name)[1] if fact in self.facts}

    def files(self, name: str) -> list[str]:
        """The figure as PNG, which the report shows, and as SVG."""
        return [f"{self.plan.root}/figures/{name}.{kind}" for kind in ("png", "svg")]

    @cached_property
    def looks(self) -> dict[str, dict[str, Any]]:
        """How methods are named and drawn."""
        return looks(self.plan.config, used_methods(self.plan.config))


def _at(config: Config, key: str) -> Any:
    """The value of a dotted key, None where there is none."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
