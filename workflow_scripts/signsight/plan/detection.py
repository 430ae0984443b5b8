"""What is made of an object detector and its boxes, and what each of its jobs depends on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from signsight.config.choices import about_method, about_metric, looks
from signsight.config.detection import kind_of_pictures
from signsight.data.scene_sources import SCENES, SPLITS, VOC2007, Official
from signsight.models.names import DETECTORS
from signsight.models.weights import PARTS, Origin, origin
from signsight.plan.keys import key_of

if TYPE_CHECKING:
    from signsight.plan.plan import Plan

TABLES = ("box_metrics", "box_curves", "box_pairs", "box_nulls", "box_ranking", "box_agreement")


class Detection:
    """The stage `detection` of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.config: dict[str, Any] = plan.config["detection"]
        self.root = f"{plan.root}/detection"
        self.wanted: bool = self.config["pictures"] is not None
        self.trained: bool = self.wanted and self.config["detector"]["train"]

    # pictures

    @cached_property
    def kind(self) -> str | None:
        """What `detection.pictures` is; None without it."""
        return kind_of_pictures(self.plan.config)

    @property
    def has_truth(self) -> bool:
        """Whether the pictures come with their objects."""
        return self.wanted and self.kind != "pictures"

    @property
    def drawing(self) -> dict[str, Any]:
        """What drawn scenes depend on."""
        even = "shapes" if self.config["classes"] == "shapes" else "signs"
        return self.config["scenes"] | {"even": even}

    @property
    def scenes_cache(self) -> str:
        """Folder of the archives of drawn scenes, shared by all experiments that have the same."""
        key = key_of(self.drawing, self.plan.config["seed"])
        return f"{self.plan.config['cache']}/scenes/{key}"

    @property
    def drawn(self) -> list[str]:
        """The archives of drawn scenes, where they are wanted."""
        return [f"{self.scenes_cache}/{name}" for name in SCENES.values()] if self.kind == "scenes" else []

    @property
    def voc(self) -> Official:
        """PASCAL VOC's archive and where it is."""
        return VOC2007

    @property
    def voc_archive(self) -> list[str]:
        """The archive of PASCAL VOC, where it is downloaded."""
        return [f"{self.plan.config['cache']}/voc2007/{VOC2007.name}"] if self.kind == "voc2007" else []

    def archive(self, part: str) -> list[str]:
        """The archive in the cache that a part of the pictures is in."""
        return [f"{self.scenes_cache}/{SCENES[part]}"] if self.kind == "scenes" else self.voc_archive

    @property
    def source(self) -> str | None:
        """The user's path of the pictures; None where they are in the cache."""
        return None if self.kind in ("scenes", "voc2007", None) else self.config["pictures"]

    def pictures(self, part: str) -> dict[str, Any]:
        """What the pictures of a part, "train" or "test", depend on."""
        lists = self.kind != "pictures"
        asked = self.config["training"]["split"] if part == "train" else self.config["split"]
        return {
            "kind": self.kind,
            "classes": self.config["classes"] if self.has_truth else [],
            "split": asked or SPLITS["test"] if lists else None,
            "needs_split": part == "train" or self.config["split"] is not None,
            "images": self.config["images"] if part == "test" else None,
        }

    def scene_set(self, part: str) -> str:
        """The folder of a part's scene set."""
        return f"{self.root}/scene_pictures/{part}"

    # the detector

    @cached_property
    def weights(self) -> Origin:
        """Where the weights that the detector has before any training come from."""
        told = self.config["detector"]
        if not self.wanted:
            return Origin("random")
        return origin(
            told["name"], told["weights"], train=told["train"], group="detection.detector", part=DETECTORS
        )

    @property
    def weight_files(self) -> list[str]:
        """The files that `detection.detector.weights` stands for."""
        found = self.weights
        cached = f"{self.plan.config['cache']}/weights/{key_of(found.base)}/{found.name}"
        parts = [f"{found.place}/{part}" for part in PARTS]
        return {"random": [], "download": [cached], "file": [found.place], "folder": parts}[found.kind]

    @property
    def network(self) -> dict[str, Any]:
        """The detector as the params of a job name it."""
        told = self.config["detector"]
        return {"detector": told["name"], "parameters": told["parameters"]}

    @property
    def training(self) -> dict[str, Any]:
        """All settings of the training."""
        return {key: value for key, value in self.config["training"].items() if key != "split"}

    @property
    def model(self) -> list[str]:
        """The files of the detector."""
        return [f"{self.root}/detector/{part}" for part in PARTS]

    @property
    def history(self) -> list[str]:
        """The history of its training, where there is one."""
        return [f"{self.root}/detector/history.csv"] if self.trained else []

    # boxes, maps, metrics

    @property
    def found(self) -> dict[str, str]:
        """What the detector finds: all detections, the boxes that are explained, and their places."""
        folder = f"{self.root}/detect"
        return {
            "detections": f"{folder}/detections.csv",
            "boxes": f"{folder}/boxes.csv",
            "tensors": f"{folder}/boxes.npz",
        }

    def shown(self, count: int) -> int:
        """The number of pictures that are drawn, `count` at most: those whose boxes are explained."""
        return min(count, self.config["boxes"]["pictures"] or count)

    @property
    def choice(self) -> dict[str, Any]:
        """Which boxes are explained."""
        return {key: value for key, value in self.config["boxes"].items() if key != "overlap"}

    def method(self, name: str) -> dict[str, Any]:
        """What a method or variant stands for; the target layer is the detector's."""
        own = self.plan.config["attribution"]["variants"].get(name, {}).get("layer")
        looking = about_method(self.plan.config, name).get("layer") == "target"
        return self.plan.method(name) | {"layer": own or (self.config["layer"] if looking else None)}

    @property
    def methods(self) -> list[str]:
        """The methods that explain the boxes."""
        return self.config["methods"] if self.wanted else []

    @property
    def maps(self) -> dict[str, str]:
        """Method -> file of the maps of all boxes."""
        return {name: f"{self.root}/box_maps/{name}/maps.npz" for name in self.config["methods"]}

    def scores(self, metric: str) -> dict[str, str]:
        """Method -> file of a metric's answers."""
        return {m: f"{self.root}/box_scores/{metric}/{m}/scores.npz" for m in self.config["methods"]}

    @property
    def metrics(self) -> list[str]:
        """The metrics of the maps."""
        return self.config["metrics"] or []  # null without pictures

    def null_boxes(self, method: str) -> int:
        """On how many boxes the null maps of a method are measured; a control is one itself."""
        return 0 if method in self.controls else self.config["null_boxes"]

    def runs_detector(self, metric: str) -> bool:
        """Whether a metric runs the detector."""
        return about_metric(self.plan.config, metric)["needs"] == "model"

    @property
    def tables(self) -> dict[str, str]:
        """Name of a table -> its file."""
        if not self.wanted:
            return {}
        names = ["detection_accuracy"] if self.has_truth else []
        names += TABLES if self.metrics else ()
        return {name: f"{self.plan.root}/tables/{name}.csv" for name in names}

    @property
    def metric_tables(self) -> dict[str, str]:
        """Name of a table of metrics -> its file, whether or not it is made."""
        return {name: f"{self.plan.root}/tables/{name}.csv" for name in TABLES}

    @property
    def measured(self) -> dict[str, Any]:
        """What tables need to know of the metrics."""
        return self.plan.told_of(self.metrics)

    @property
    def controls(self) -> list[str]:
        """The methods that are controls."""
        names = self.config["methods"]
        return [m for m in names if about_method(self.plan.config, m)["needs"] == "nothing"]

    @property
    def columns(self) -> list[dict[str, Any]]:
        """What the drawings say of each method."""
        named = looks(self.plan.config, self.config["methods"])
        return [
            {"method": m, "signed": self.plan.is_signed(m), "label": named[m]["label"]}
            for m in self.config["methods"]
        ]

    # figures

    @property
    def asked(self) -> dict[str, Any]:
        """What the drawings are told of the boxes."""
        return {key: self.config["boxes"][key] for key in ("threshold", "which")}

    @property
    def overview_column(self) -> dict[str, Any]:
        """What the overview says of its method: the first one that looks at the detector, if any does."""
        looking = [one for one in self.columns if one["method"] not in self.controls]
        return (looking or self.columns)[0]

    @property
    def sheets(self) -> list[str]:
        """The folder of the sheets, where they are wanted."""
        return [f"{self.plan.root}/figures/detections"] if self.wanted and self.config["sheets"] else []

    @property
    def figures(self) -> list[str]:
        """The overview, and the figures that are drawn from the tables."""
        if not self.wanted:
            return []
        drawn = self.plan.drawn_figures
        named = [name for name in drawn.names if set(drawn.inputs(name)) & set(self.tables)]
        return [file for name in ("detection_overview", *named) for file in drawn.files(name)]

    @property
    def singles(self) -> list[str]:
        """The folder of single overlays and maps, where they are wanted."""
        return [f"{self.root}/singles"] if self.wanted and self.config["singles"] else []

    @property
    def summarised(self) -> dict[str, str]:
        """Name -> table, of those that are in the summary."""
        if not self.wanted:
            return {}
        names = ("detection_accuracy", "box_metrics", "box_ranking")
        own = {name: self.tables[name] for name in names if name in self.tables}
        return own | {"boxes": self.found["boxes"]}

    @property
    def made(self) -> list[str]:
        """All that the stage makes."""
        if not self.wanted:
            return []
        files = [*self.found.values(), *self.maps.values(), *self.tables.values(), *self.history]
        return [*files, *self.sheets, *self.figures, *self.singles]
