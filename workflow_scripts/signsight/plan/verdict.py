"""What the verdict is made from, what it is told, and what a run with this config does not measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from signsight.config.choices import about_method, about_metric, base_metric
from signsight.config.rules import truth_regions

if TYPE_CHECKING:
    from signsight.plan.plan import Plan

TABLES = (
    "clean", "confusion", "masking", "geometry", "stickers", "background", "metrics", "pairs", "nulls",
    "agreement", "seeds", "trainings", "identical_maps", "drawn_and_real", "on_sticker", "real_examples",
)  # fmt: skip
BOX_TABLES = ("detection_accuracy", "box_metrics", "box_pairs", "box_nulls", "box_agreement")
COMPARED = [f"compared_{name}" for name in ("accuracy", "answers", "losses", "maps", "rankings")]
# stage -> what it measures, and the key that is empty where the stage is chosen and makes nothing
STAGES = {
    "masking": ("what hiding the most relevant cells costs", "masking.methods"),
    "stickers": ("what stickers cost", "stickers.methods"),
    "geometry": ("what turning and tilting cost", "geometry.rotation"),
    "background": ("what other backgrounds cost", "background.fills"),
}
# what metrics measure -> those that do, the first ones of which are offered
MEASURES = {
    "how faithful the maps are to the network": ("deletion", "insertion"),
    "whether the maps depend on the trained weights": ("randomisation",),
    "whether the maps of two classes differ": ("class_sensitivity",),
    "how stable the maps are": ("stability",),
}


class Verdict:
    """The verdict of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @property
    def wanted(self) -> bool:
        """Whether there is anything to judge."""
        return bool(self.plan.summary)

    @property
    def table(self) -> str:
        """The file of the verdict."""
        return f"{self.plan.root}/tables/verdict.csv"

    @property
    def page(self) -> str:
        """The text of the report's first page."""
        return f"{self.plan.root}/report.rst"

    def links(self, *names: str) -> dict[str, str]:
        """Page -> its file beside the summary, of the named ones of those that there are."""
        there = {"report": "report.html", "summary": "summary.md"}
        there |= {"explorer": "explorer.html"} if self.plan.explorer.wanted else {}
        return {name: there[name] for name in names if name in there}

    @property
    def given(self) -> dict[str, str]:
        """Name -> table that it is made from."""
        plan, found = self.plan, {}
        if plan.has_data:
            found = {name: file for name, file in plan.table_files.items() if name in TABLES}
            found["classes"] = plan.classes
        if plan.detection.wanted:
            found |= {name: file for name, file in plan.detection.tables.items() if name in BOX_TABLES}
            found["boxes"] = plan.detection.found["boxes"]
        found |= {name: file for name, file in plan.compare.tables.items() if name in COMPARED}
        return found | plan.gaps.tables

    @property
    def facts(self) -> dict[str, Any]:
        """What it is told."""
        plan, detection = self.plan, self.plan.detection
        drawn = plan.drawn_figures
        return {
            "confidence": plan.confidence,
            "labels": plan.compare.labels | {name: look["label"] for name, look in drawn.looks.items()},
            "words": {name: self._words(name) for name in (*plan.metrics, *detection.metrics)},
            "controls": list(dict.fromkeys([*drawn.facts["controls"], *self._photograph_controls])),
            "box_controls": detection.controls if detection.wanted else [],
            "chance": self._chance(plan.methods),
            "box_chance": self._chance(detection.methods),
            "grid": plan.config["masking"]["grid"],
            "own_classes": plan.own_classes,
            "network": {"kind": plan.weights.kind, "trained": plan.trained} if plan.has_data else None,
            "box_network": self._detector,
            "seed": next(iter(plan.runs)),
            "missing": self.missing,
        }

    @property
    def _photograph_controls(self) -> list[str]:
        """Methods of the photographs that do not look at the network."""
        named = self.plan.albums.methods.get("photographs", [])
        return [m for m in named if about_method(self.plan.config, m)["needs"] == "nothing"]

    @property
    def _detector(self) -> dict[str, Any] | None:
        detection = self.plan.detection
        return {"kind": detection.weights.kind, "trained": detection.trained} if detection.wanted else None

    def _words(self, metric: str) -> dict[str, Any]:
        about = about_metric(self.plan.config, metric)
        quantities = {
            name: {"label": told["label"], "direction": told.get("direction")}
            for name, told in about["quantities"].items()
        }
        return {"label": about["label"], "needs": about["needs"], "quantities": quantities}

    def _chance(self, methods: list[str]) -> str | None:
        """The method whose maps are noise."""
        return next((name for name in methods if about_method(self.plan.config, name).get("chance")), None)

    @property
    def missing(self) -> list[dict[str, str]]:
        """What is not measured, and which key of the config asks for it."""
        plan = self.plan
        found = [*self._stages(), *self._metrics()] if plan.has_data else []
        if plan.detection.wanted and not plan.detection.metrics:
            found.append({"what": "how good the maps of boxes are", "how": "detection.metrics"})
        return found

    def _stages(self) -> list[dict[str, str]]:
        plan, found = self.plan, []
        for stage, (what, key) in STAGES.items():
            if plan.tables.get(stage) or (stage == "stickers" and not plan.about["signs"]):
                continue
            how = key if stage in plan.config["stages"] else f'add "{stage}" to stages'
            if stage == "background" and truth_regions(plan.config) is None:
                how = "needs masks of the objects, data.masks"
            found.append({"what": what, "how": how})
        return found

    def _metrics(self) -> list[dict[str, str]]:
        plan = self.plan
        how = "evaluation.metrics" if "metrics" in plan.config["stages"] else 'add "metrics" to stages'
        if not plan.metrics:
            return [{"what": "which explanation is the best one", "how": how}]
        bases = {base_metric(plan.config, name) for name in plan.metrics}
        followed = any(about_metric(plan.config, name)["needs"] == "model" for name in plan.metrics)
        found = []
        for what, names in MEASURES.items():
            there = followed if "deletion" in names else bases & set(names)
            if not there:
                added = " and ".join(f'"{name}"' for name in names)
                found.append({"what": what, "how": f"add {added} to evaluation.metrics"})
        if "localisation" not in bases:
            known = truth_regions(plan.config) is not None
            how = (
                'add "localisation" to evaluation.metrics'
                if known
                else "needs masks of the objects, data.masks"
            )
            found.append({"what": "whether the maps lie on the object", "how": how})
        return found
