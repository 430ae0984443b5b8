"""The jobs of rules/data.smk and of the user's own pictures for `rules_alone.Run`: their params and files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules_alone import Script


def _download(plan: Any, archive: str) -> Script:
    params = {"source": plan.source, "checksum": plan.checksum(archive)}
    config = {"data": {"retries": 0}}
    return Script("data/download", params, [f"{plan.cache}/{archive}"], config=config)


def _check_pictures(plan: Any, _: str) -> Script:
    data = plan.config["data"]
    params = {
        "data_set": plan.data_set,
        "source": plan.folder,
        "parts": plan.parts,
        "broken": data["broken"],
        "allow_empty": data["allow_empty_classes"],
        "seed": plan.config["seed"] if plan.about["seeded"] else None,
        "findings": f"{plan.root}/logs/check_pictures.csv",
    }
    return Script("data/check_pictures", params, [plan.findings])


def _crop(plan: Any, part: str) -> Script:
    data = plan.config["data"]
    params = {
        "data_set": plan.data_set,
        "source": plan.folder,
        "cut": {
            "size": data["size"],
            "to_roi": data["crop_to_roi"],
            "roi_outside": data["roi_outside"],
            "fit": data["fit"],
        },
        "field": plan.field,
        "allow_empty": data["allow_empty_classes"],
        "images": data["images"] if part == "test" else None,
        "seed": plan.part_seed(part),
    }
    folder = f"{plan.root}/crop/{part}"
    inputs = dict(plan.crop_inputs(part))
    if plan.own_pictures:
        inputs["findings"] = plan.findings
    output = {"images": f"{folder}/images.npy", "index": f"{folder}/index.csv"}
    return Script("data/crop", params, output, inputs, {"part": part})


def _classes(plan: Any, _: str) -> Script:
    params = {"data_set": plan.data_set, "source": plan.folder}
    return Script("data/classes", params, [plan.classes])


def _examples(plan: Any, _: str) -> Script:
    data = plan.config["data"]
    params = {
        "data_set": plan.data_set,
        "mirror": data["mirror"] and plan.about["mirror"],
        "balance": data["balance"],
        "rotate": plan.rotate,
        "split": data["split"],
        "seed": plan.config["seed"],
    }
    return Script("data/examples", params, plan.examples, {"index": f"{plan.root}/crop/train/index.csv"})


def _stock(plan: Any, target: str) -> Script:
    params = {
        "data_set": plan.data_set,
        "size": plan.config["stickers"]["stock_size"],
        "source": plan.stock_source(target),
    }
    return Script("data/stock", params, plan.image_set(f"stock/{target}"), {"classes": plan.classes})


def _regions(plan: Any, _: str) -> Script:
    params = {"size": plan.config["data"]["size"], "cropped": plan.cropped, "masks": plan.masks}
    return Script("data/regions", params, [f"{plan.root}/regions/regions.npy"], [f"{plan.test}/index.csv"])


def _scene_pictures(plan: Any, part: str) -> Script:
    detection = plan.detection
    params = {
        "pictures": detection.pictures(part),
        "source": detection.source,
        "broken": plan.config["data"]["broken"] if detection.kind == "pictures" else None,
        "findings": f"{plan.root}/logs/scene_pictures.csv",
        "seed": plan.config["seed"],
    }
    return Script("detection/scene_pictures", params, [detection.scene_set(part)], detection.archive(part))


RULES: dict[str, Callable[[Any, str], Script]] = {
    "download": _download,
    "check_pictures": _check_pictures,
    "crop": _crop,
    "classes": _classes,
    "examples": _examples,
    "stock": _stock,
    "regions": _regions,
    "scene_pictures": _scene_pictures,
}
