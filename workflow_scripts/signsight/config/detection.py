"""The config group `detection`: nulls replaced by what applies, contradictions refused."""

from __future__ import annotations

from typing import Any

from signsight.config.choices import Config, about_method, about_metric
from signsight.config.schema import refuse_parameters
from signsight.core.errors import UserError
from signsight.core.registry import detectors, metrics
from signsight.data.scene_sources import class_names, kind_of
from signsight.data.source import is_address, refuse_credentials
from signsight.models.names import DETECTORS
from signsight.models.weights import origin

LISTED = ("scenes", "voc_tar", "voc_folder")  # pictures that can be trained on


def kind_of_pictures(config: Config) -> str | None:
    """What `detection.pictures` is (see `detection.sources.kind_of`); None without it."""
    pictures = config["detection"]["pictures"]
    return None if pictures is None else kind_of(pictures)


def own_pictures(config: Config) -> str | None:
    """The path that `detection.pictures` names, if it is one."""
    named = kind_of_pictures(config) in ("scenes", "voc2007")
    return None if named else config["detection"]["pictures"]


def check_detector_files(config: Config) -> None:
    """UserError for weights of the detector that are not there, or an address with a password."""
    told = config["detection"]["detector"]
    if config["detection"]["pictures"] is None:
        return
    if told["weights"] and is_address(told["weights"]):
        refuse_credentials(told["weights"], "detection.detector.weights")
    found = origin(
        told["name"], told["weights"], train=told["train"], group="detection.detector", part=DETECTORS
    )
    if found.kind == "folder" and (told["parameters"] or told["classes"]):
        raise UserError(
            "Config keys 'detection.detector.parameters' and 'classes' do not apply to the folder of a "
            f"trained detector ({told['weights']}), which holds its own; leave them out."
        )


def apply_detection(config: Config) -> None:
    """Replace null by what applies to the pictures, if there are any."""
    group, kind = config["detection"], kind_of_pictures(config)
    if kind is None:
        return
    truth = kind != "pictures"
    group["classes"] = group["classes"] or ("shapes" if kind == "scenes" else "voc")
    group["boxes"]["which"] = group["boxes"]["which"] or ("objects" if truth else "all")
    if group["metrics"] is None:
        group["metrics"] = [*(["box_localisation"] if truth else []), "deletion", "insertion"]


def refuse_wrong_detection(config: Config) -> None:
    """UserError for keys of `detection` that contradict each other or the pictures."""
    group, kind = config["detection"], kind_of_pictures(config)
    if kind is None:
        return
    class_names(group["classes"])
    _detector(group, kind)
    _boxes(group["boxes"], kind)
    _methods(config, kind)
    scenes = group["scenes"]
    for low, high in (("fewest", "most"), ("min_px", "max_px")):
        if scenes[low] > scenes[high]:
            raise UserError(
                f"Config key 'detection.scenes.{low}' is above 'detection.scenes.{high}'; swap them."
            )
    if scenes["max_px"] > min(scenes["width"], scenes["height"]):
        raise UserError(
            "Config key 'detection.scenes.max_px' is above the sides of the scenes; lower it, or make "
            "'detection.scenes.width' and 'height' larger."
        )


def _detector(group: Config, kind: str) -> None:
    told = group["detector"]
    if told["name"] in detectors:
        own = detectors.parameters(told["name"])
        refuse_parameters(told["parameters"], own, "detection.detector.parameters")
    if told["train"] and kind not in LISTED:
        raise UserError(
            "Config key 'detection.detector.train' is true, but 'detection.pictures' "
            f"({group['pictures']!r}) has nothing to train on; set it to false and give weights, or name "
            "drawn scenes or a folder in the layout of PASCAL VOC."
        )
    if not told["train"] and told["weights"] is None:
        raise UserError(
            f"Config key 'detection.detector.weights' is null, so {told['name']!r}, which is not to be "
            "trained, would know nothing; give weights (DEFAULT, a file, or a trained detector's folder)."
        )
    if told["train"] and told["classes"] is not None:
        raise UserError(
            "Config key 'detection.detector.classes' is for a detector that is used as it is; training takes "
            "them from 'detection.classes', so leave it out."
        )


def _boxes(boxes: Config, kind: str) -> None:
    for which, key in (("class", "class"), ("nearest", "at")):
        if (boxes["which"] == which) != (boxes[key] is not None):
            raise UserError(
                f"Config keys 'detection.boxes.which: {which}' and 'detection.boxes.{key}' go together; give "
                "both or neither."
            )
    if boxes["which"] == "objects" and kind == "pictures":
        raise UserError(
            "Config key 'detection.boxes.which' is 'objects', but own pictures come without true objects; "
            "take 'best', 'all', 'class' or 'nearest'."
        )


def _methods(config: Config, kind: str) -> None:
    group = config["detection"]
    for name in group["methods"]:
        if not explains_boxes(about_method(config, name)):
            raise UserError(
                f"Config key 'detection.methods' names {name!r}, which explains classes alone; leave it out."
            )
    for name in group["metrics"]:
        about = about_metric(config, name)
        if not measures_boxes(about):
            raise UserError(
                f"Config key 'detection.metrics' names {name!r}, which does not measure boxes; take "
                f"{', '.join(box_metrics())}."
            )
        if about["needs"] == "objects" and kind == "pictures":
            raise UserError(
                f"Config key 'detection.metrics' names {name!r}, which needs true objects, and own pictures "
                "come without; leave it out."
            )
    if group["metrics"] and not any(about_method(config, m).get("chance") for m in group["methods"]):
        raise UserError(
            "Config key 'detection.methods' lacks 'random', the chance level of the metrics; add it or set "
            "'detection.metrics: []'."
        )


def explains_boxes(about: dict[str, Any]) -> bool:
    """Whether a method, by what it says of itself, explains boxes."""
    return about.get("explains", "boxes") == "boxes"


def measures_boxes(about: dict[str, Any]) -> bool:
    """Whether a metric, by what it says of itself, measures the maps of boxes."""
    return bool(about.get("boxes"))


def box_metrics() -> list[str]:
    """The metrics that measure the maps of boxes."""
    return [name for name in metrics.names() if measures_boxes(metrics.about(name))]


def refuse_boxes_elsewhere(config: Config) -> None:
    """UserError for a method or metric of boxes where classes are explained."""
    for key, names, about in (
        ("attribution.methods", config["attribution"]["methods"], about_method),
        ("evaluation.metrics", config["evaluation"]["metrics"], about_metric),
    ):
        for name in names:
            if about(config, name).get("explains") == "boxes":
                raise UserError(
                    f"Config key {key!r} names {name!r}, which is for the boxes of a detector; name it in "
                    f"'detection.{key.partition('.')[2]}', or leave it out."
                )
