"""What the explorer is made from, and what it is told of methods, metrics and networks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.choices import (
    MASKING,
    about_method,
    about_metric,
    base_metric,
    controls,
    looks,
)
from signsight.explorer.assets import page_digest

if TYPE_CHECKING:
    from signsight.plan.plan import Plan

HIDING = {"deletion": False, "insertion": True, "pixel_flipping": False}  # metric -> whether it shows pixels
MAIN = "main"
TABLES = ("clean", "metrics", "ranking", "agreement", "verdict", "identical_maps")


class Explorer:
    """The explorer of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.config: dict[str, Any] = plan.config["explorer"]

    @property
    def has_own(self) -> bool:
        """Whether this run makes anything to look at."""
        made = self.plan.features.presets or self.plan.features.products
        return bool(self.plan.has_data or self._albums or self.plan.detection.wanted or made)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to look at: of this run, or of experiments that it compares."""
        return self.has_own or bool(self.plan.compare.documents)

    @property
    def document(self) -> str:
        """The file of the experiment's document, which other experiments can take in."""
        return f"{self.plan.root}/explorer/document.zip"

    @property
    def page(self) -> str:
        """The page."""
        return f"{self.plan.root}/explorer.html"

    @property
    def documents(self) -> list[str]:
        """The documents on the page: this run's, those of `explorer.with` and of experiments compared."""
        results = self.plan.config["results"]
        own = [self.document] if self.has_own else []
        named = [f"{results}/{name}/explorer/document.zip" for name in self.config["with"]]
        return list(dict.fromkeys([*own, *named, *self.plan.compare.documents]))

    @property
    def verdict(self) -> list[str]:
        """The verdict that opens the page, where it is not that of the first document."""
        return [] if self.has_own else [self.plan.verdict.table]

    @property
    def made(self) -> list[str]:
        """All that is made."""
        return [self.page] if self.wanted else []

    @cached_property
    def page_files(self) -> str:
        """A digest of what the page is made of besides its data."""
        return page_digest()

    @property
    def links(self) -> dict[str, str]:
        """Files beside the page that it leads to."""
        return {"report": "report.html"} | ({"summary": "summary.md"} if self.plan.summary else {})

    # what the document is made from

    @cached_property
    def networks(self) -> dict[str, str]:
        """Trained network -> prefix of its folders; of further ones only what is measured anyway."""
        runs = self.plan.runs.values() if self.plan.metrics else [""]
        return {prefix.rstrip("/") or MAIN: prefix for prefix in runs}

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics of the test images, that of the masking included."""
        masking = [MASKING] if self.plan.masking_methods and MASKING not in self.plan.metrics else []
        return [*self.plan.metrics, *masking]

    @cached_property
    def given(self) -> dict[str, Any]:
        """What the document is made from: files by what they are."""
        tables = {name: file for name, file in self.plan.table_files.items() if name in TABLES}
        tables |= {k: f for k, f in self.plan.detection.tables.items() if k == "box_ranking"}
        explained = self.plan.has_data or self._albums or self._of_features
        return {
            "tables": tables,
            "model": self.plan.model[1:] if explained else [],
            "albums": self._albums,
            "features": self._of_features,
            "detection": self._of_detection if self.plan.detection.wanted else {},
            **(self._of_test_images if self.plan.has_data else {}),
        }

    @property
    def _albums(self) -> dict[str, dict[str, Any]]:
        """Album -> its pictures, their table and their maps by method."""
        own = self.plan.albums
        return {album: own.pictures(album) | {"maps": own.maps(album)} for album in own.shown}

    @property
    def _of_features(self) -> dict[str, Any]:
        """What was made by optimisation: product -> its files."""
        features = self.plan.features
        sets = {
            f"{network}/{recipe}": {"images": files["images"], "index": files["index"]}
            for (network, recipe), files in features.class_sets.items()
        }
        found: dict[str, Any] = {}
        if sets:
            found["classes"] = {"sets": sets, "table": features.tables["features"]}
        if "filters" in features.products:
            folder = features.folder("filters")
            more = {"examples": f"{folder}/examples.npy", "patches": f"{folder}/examples.csv"}
            found["filters"] = features.image_set("filters") | more
        for product, kind in (("activations",) * 2, ("inversion", "inversions"), ("dream", "dreams")):
            if product in features.products:
                pictures = f"{features.folder(product)}/pictures"
                found[kind] = {"index": features.index(product), "pictures": pictures}
        return found

    @property
    def _of_detection(self) -> dict[str, Any]:
        detection = self.plan.detection
        return {
            "scenes": detection.scene_set("test"),
            "boxes": detection.found["boxes"],
            "maps": detection.maps,
            "metrics": {metric: detection.scores(metric) for metric in detection.metrics},
        }

    @property
    def _of_test_images(self) -> dict[str, Any]:
        plan = self.plan
        first = plan.sticker_methods if "test" in plan.sticker_targets else []
        main = {m: plan.metric_files(m) for m in plan.metrics}
        if MASKING not in main and plan.masking_methods:
            main[MASKING] = plan.metric_files(MASKING, methods=plan.masking_methods)
        others = {
            name: {m: plan.metric_files(m, prefix) for m in plan.metrics}
            for name, prefix in self.networks.items()
            if name != MAIN
        }
        return {
            "images": plan.image_set("crop/test"),
            "classes": plan.classes,
            "clean": {n: f"{plan.root}/{prefix}score/clean/test.npz" for n, prefix in self.networks.items()},
            "maps": {n: plan.maps(plan.methods, prefix) for n, prefix in self.networks.items()},
            "metrics": {MAIN: main} | others,
            "cells": plan.cells(plan.masking_methods),
            "masking": plan.metric_files(MASKING, methods=plan.masking_methods),
            "geometry": {
                transform: [f"{plan.root}/score/{transform}/{group}.npz" for group in groups]
                for transform, groups in plan.degree_groups.items()
                if groups
            },
            "stickers": {m: f"{plan.root}/score/stickers/test-{m}.npz" for m in first},
            "sticker_cells": plan.cells(first),
        }

    # what it is told

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the document is told."""
        plan, config = self.plan, self.plan.config
        return {
            "name": config["experiment"],
            "data_set": config["data"]["name"] if plan.has_data else "own pictures",
            "network": self._network,
            "images": self.config["images"],
            "confidence": plan.confidence,
            "controls": controls(config),
            "methods": self._methods,
            "networks": self._networks,
            "metrics": [self._metric(n) for n in (*self.metrics, *plan.detection.metrics)],
            "grid": config["masking"]["grid"],
            "fill": config["geometry"]["fill"],
            "max_cells": config["masking"]["max_cells"],
            "colour": config["masking"]["colour"],
            "sticker_sets": {name: list(pair) for name, pair in plan.sticker_sets.items()},
            "designs": config["stickers"]["designs"],
            "sign_widths": config["stickers"]["sign_widths"],
            "cropped": config["data"]["crop_to_roi"],
            "hiding": self._hiding,
            "seed": config["seed"],
            "recipes": plan.features.labels,
            "box_layers": {m: plan.detection.method(m)["layer"] for m in plan.detection.methods},
            "explained": config["attribution"]["target"],
        }

    @property
    def _network(self) -> str:
        """The network, or the detector where there is nothing else."""
        config = self.plan.config
        alone = not (self.plan.has_data or self._albums or self._of_features)
        return config["detection"]["detector"]["name"] if alone else config["model"]["name"]

    @property
    def _methods(self) -> list[dict[str, Any]]:
        plan = self.plan
        albums = [m for album in self._albums for m in plan.albums.methods[album]]
        own = plan.methods if plan.has_data else []
        names = list(dict.fromkeys([*own, *albums, *plan.detection.methods]))
        look = looks(self.plan.config, names)
        found = []
        for name in names:
            about = about_method(self.plan.config, name)
            found.append(
                {
                    "id": name,
                    "label": look[name]["label"],
                    "family": look[name]["family"],
                    "signed": about["signed"],
                    "control": about["needs"] == "nothing",
                    "measures": str(about.get("measures", "")),
                    "misleads": str(about.get("misleads", "")),
                    "same_as": None,
                }
            )
        return found

    @property
    def _networks(self) -> list[dict[str, str]]:
        seeds = {prefix.rstrip("/") or MAIN: seed for seed, prefix in self.plan.runs.items()}
        return [{"id": name, "label": f"seed {seeds[name]}"} for name in self.networks]

    def _metric(self, name: str) -> dict[str, Any]:
        """What the document says of a metric; a chance level that is no number comes from the tables."""
        about = about_metric(self.plan.config, name)
        quantities = [
            {
                "id": quantity,
                "label": told["label"],
                "direction": told.get("direction") or "none",
                "chance": told["chance"] if isinstance(told.get("chance"), int | float) else None,
                "means": told.get("means", ""),
            }
            for quantity, told in about["quantities"].items()
        ]
        curves = [
            {"id": curve, "label": told["label"], "x_label": about.get("x", ""), "y_label": told["label"]}
            for curve, told in about.get("curves", {}).items()
            if "area" not in told
        ]
        return {"id": name, "label": about["label"], "quantities": quantities, "curves": curves}

    @property
    def _hiding(self) -> dict[str, Any]:
        """Metrics that hide or show one pixel after the other -> what replaces pixels, and which they do."""
        found = {}
        for name in self.plan.metrics:
            base = base_metric(self.plan.config, name)
            if base in HIDING:
                own = self.plan.metric(name)["parameters"]
                found[name] = {
                    "replacement": own.get("hidden", own.get("replacement")),
                    "shows": HIDING[base],
                }
        return found
