"""Every key of the config's schema: what a change of it reruns, exactly, and that something depends on it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from snakemake.utils import update_config

from schema_changes import SCHEMA, keys, nested, other, parameters
from signsight.config.rules import complete
from signsight.core.registry import data_sets, figures, methods, metrics
from signsight.plan.plan import Plan
from tiny_workflow import PICTURES, TINY, Workflow, as_gtsrb, drawn_from

EXPLORED = {"explorer_document", "explorer_page"}  # the page, of what nearly every job makes
TOLD = EXPLORED | {"summary", "verdict"}
ASKED = {"check_methods"}  # what is asked of the network, tried before its training
MASKED = TOLD | {"masking_table", "masking", "masked_sheet"}
STICKERED = TOLD | {"sticker_table", "sticker_accuracy", "sticker_confusions", "sticker_sheet"}
TURNED = TOLD | {"geometry_table", "degrees"}
MEASURED = TOLD | {"metric_table", "aopc_curve", "morf_lerf", "nulls", "ranking", "agreement", "cost"}
PICTURED = {"perturbed_pictures", "perturbed"}
CLEAN = EXPLORED | {"clean_table"} | drawn_from("confusion")
STUCK = {"sticker", "score"} | STICKERED
MAPPED = (
    {"attribute", "identical_maps", "rank", "evaluate", "overview"} | MASKED | MEASURED | PICTURED | STUCK
)  # what is made of maps
TRAINED = {"train", "training_curve", "score", "warp"} | CLEAN | MAPPED | TURNED
CROPPED = {"crop", "examples", "geometry_sheet"} | TRAINED
TESTED = CROPPED - {"train", "examples", "training_curve"}  # of another sample of test images
# of the experiment `pictures`: a folder of pictures, photographs, a gallery, a network that is taken as it is
FILES = {"gallery_sheet", "gallery_singles", "gallery_sweeps", "gallery_strips"}
STUCK_ON = TOLD | {"on_sticker_table"} | drawn_from("on_sticker")
PHOTOGRAPHED = {"album_pictures", "album_maps", "photographs", "real_table"} | STUCK_ON
ALBUMS = PHOTOGRAPHED | FILES
# pictures made by optimisation: of classes, and what becomes of them; of the user's own pictures
NUMBERS = (
    EXPLORED
    | {"feature_table"}
    | drawn_from("features")
    | drawn_from("feature_summary")
    | drawn_from("path_similarity")
)
INDEX = {"features"}
CLASSES = {"class_pictures", "class_sheets", "class_animation"} | NUMBERS | INDEX
FILTERS = EXPLORED | {"filter_pictures", "filter_sheets"} | INDEX
ACTIVATIONS = EXPLORED | {"layer_activations", "activation_sheet"} | INDEX
INVERSION = EXPLORED | {"inversions", "inversion_sheet"} | drawn_from("inversion_errors") | INDEX
DREAMS = EXPLORED | {"dreams", "dream_sheet"} | INDEX
OWN = {"album_pictures"} | ACTIVATIONS | INVERSION | DREAMS  # of `features.source`
SCANNED = {"unit_scan"} | FILTERS
FEATURES = {"spectrum", "class_means"} | CLASSES | SCANNED | OWN
# pictures with other backgrounds, and what becomes of them
SHOWN = TOLD | {"background_table", "composed_pictures"} | drawn_from("background") | drawn_from("composed")
COMPOSED = {"compose", "score"} | SHOWN
# a detector on drawn scenes: what is made of numbers of its boxes, of their maps, of the boxes
NUMBERED = (
    TOLD
    | {"box_table"}
    | {
        name
        for table in ("box_metrics", "box_nulls", "box_ranking", "box_curves")
        for name in drawn_from(table)
    }
)
SCORED = {"box_scores"} | NUMBERED
BOXED = {"box_maps", "box_sheets", "detection_overview"} | SCORED
FOUND = {"detect", "detection_accuracy"} | drawn_from("detection_accuracy") | BOXED
DETECTED = {"train_detector"} | FOUND
# where nothing is trained, the pictures take the classes of the network
READ = {"crop", "attribute", "identical_maps", "score", "overview", "regions"} | CLEAN | FEATURES | COMPOSED
TAKEN = READ | {"pretrained", "classes"} | ALBUMS
CHECKED = {"check_pictures"}  # of the user's own data set
# two experiments compared: what is made of all that the tiny one has
COMPARED = {name for name in figures.names() if name.startswith("compared_")} - {"compared_background"}
COMPARED |= {"matched_images", "answers_table", "disagreements", "robustness_table"}
COMPARED |= {"map_similarity", "similarity_table", "values_table"} | TOLD
# an experiment beside published numbers
BESIDE_PUBLISHED = {"gap_table", "published_gaps"} | TOLD
EVERYTHING = {"everything"}  # the results get another place
OTHER = "other"  # the value is made from the schema

# key -> another value, and the rules of the tiny experiment that the change reruns
TABLE: dict[str, tuple[Any, set[str]]] = {
    "experiment": ("another", EVERYTHING),
    "results": ("elsewhere", EVERYTHING),
    "cache": ("elsewhere", EVERYTHING),
    "seed": (OTHER, {"examples"} | TRAINED),
    "stages": (["masking", "stickers", "metrics"], TOLD),
    "device": ("auto", set()),
    "shards": (
        OTHER,
        {"gather_maps", "gather_scores", "gather_values", "score", "warp"} | CLEAN | MAPPED | TURNED,
    ),
    "keep_datasets": (OTHER, {"mask", "sticker", "warp", "score"} | STICKERED | TURNED),
    "data.name": ("imagenette", EVERYTHING),
    "data.checksums": (OTHER, {"download"} | CROPPED),
    "data.retries": (OTHER, set()),
    "data.size": (OTHER, ASKED | CROPPED),
    "data.images": (50, TESTED),
    "data.crop_to_roi": (OTHER, CROPPED),
    "data.field.scale": ([1, 2], CROPPED),
    "data.roi_outside": (OTHER, CROPPED),
    "data.allow_empty_classes": (OTHER, CROPPED),
    "data.mirror": (OTHER, {"examples"} | TRAINED),
    "data.balance": (OTHER, {"examples"} | TRAINED),
    "data.rotate.when": ("once", {"examples"} | TRAINED),
    "data.rotate.sd": (OTHER, TRAINED),
    "data.split.by": (OTHER, {"examples"} | TRAINED),
    "data.split.validation_fraction": (OTHER, {"examples"} | TRAINED),
    "model.name": ("resnet18", ASKED | TRAINED),
    "model.parameters": ({"width": 8}, ASKED | TRAINED),
    "model.channels": (OTHER, ASKED | TRAINED),
    "model.seeds": (
        [2020, 1], {"train", "attribute", "evaluate", "score", "seed_table", "seeds"} | TOLD,
    ),
    "training.preset": (OTHER, TRAINED),
    "training.epochs": (OTHER, TRAINED),
    "training.examples_per_epoch": (OTHER, TRAINED),
    "training.batch_size": (OTHER, TRAINED),
    "training.optimizer": ("adamw", TRAINED),
    "training.learning_rate": (OTHER, TRAINED),
    "training.schedule": (OTHER, TRAINED),
    "training.step_every": (OTHER, TRAINED),
    "training.step_factor": (OTHER, TRAINED),
    "training.momentum": (OTHER, TRAINED),
    "training.nesterov": (False, TRAINED),
    "training.weight_decay": (OTHER, TRAINED),
    "training.label_smoothing": (OTHER, TRAINED),
    "training.patience": (OTHER, TRAINED),
    "training.reuse": (OTHER, set()),
    "training.augmentation.p": (OTHER, TRAINED),
    "training.augmentation.translate": (OTHER, TRAINED),
    "training.augmentation.shear": (OTHER, TRAINED),
    "training.augmentation.scale": ([0.5, 1.5], TRAINED),
    "training.augmentation.degrees": (OTHER, TRAINED),
    "training.augmentation.saturation": (OTHER, TRAINED),
    "training.augmentation.hue": (OTHER, TRAINED),
    "training.augmentation.brightness": (OTHER, TRAINED),
    "training.augmentation.contrast": (OTHER, TRAINED),
    "training.augmentation.fill": (OTHER, TRAINED),
    "attribution.methods": (
        ["random", "few", "grad_cam", "grad_cam_pp"],
        ASKED | {"attribute", "identical_maps", "rank", "evaluate", "overview"} | MASKED
        | MEASURED | PICTURED,
    ),
    "attribution.target": (OTHER, ASKED | MAPPED),
    "attribution.score": (OTHER, ASKED | MAPPED),
    "attribution.layer": (
        "features.third",
        ASKED | {"attribute", "identical_maps", "rank", "evaluate", "overview"} | MASKED
        | MEASURED | PICTURED,
    ),
    "attribution.methods_per_job": (3, MAPPED),
    "attribution.batch_size": (OTHER, set()),
    "attribution.variants": ({"few": {"parameters": {"samples": 3}}}, ASKED | MAPPED),
    "masking.methods": (["few", "random"], MASKED),
    "masking.grid": (OTHER, {"rank", "evaluate"} | MASKED | STUCK),
    "masking.share": (OTHER, {"rank", "evaluate"} | MASKED | STUCK),
    "masking.max_cells": (OTHER, {"evaluate"} | MASKED),
    "masking.colour": (OTHER, {"evaluate"} | MASKED),
    "stickers.methods": (["random"], STUCK),
    "stickers.stock": ("stock", {"stock"} | STUCK),
    "stickers.stock_size": (OTHER, {"stock"} | STUCK),
    "stickers.designs": ({"square": {"width": 90, "height": 90}}, STUCK),
    "stickers.sign_widths": (
        {"large": {"circle": 700, "triangle": 1260, "octagon": 1050, "square": 840}}, STUCK,
    ),
    "geometry.rotation": ([-30, 30, 45], {"warp", "score", "geometry_sheet"} | TURNED),
    "geometry.perspective_vertical": ([20, 45], {"warp", "score", "geometry_sheet"} | TURNED),
    "geometry.perspective_horizontal": ([45], {"warp", "score", "geometry_sheet"} | TURNED),
    "geometry.fill": (OTHER, {"warp", "score", "geometry_sheet"} | TURNED),
    "evaluation.batch_size": (OTHER, set()),
    "evaluation.sets_per_job": (OTHER, set()),
    "evaluation.confidence": (
        OTHER,
        (CLEAN | MASKED | STICKERED | TURNED | MEASURED) - {"masked_sheet", "sticker_sheet"},
    ),
    "evaluation.metrics": (["region_perturbation"], MEASURED),
    "evaluation.images": (OTHER, {"evaluate"} | MEASURED),
    "evaluation.null_images": (5, {"evaluate"} | MEASURED),
    "evaluation.target": (OTHER, ASKED | {"evaluate"} | MASKED | MEASURED | PICTURED),
    "evaluation.precision": (OTHER, {"evaluate"} | MASKED | MEASURED),
    "explorer.images": (OTHER, EXPLORED),
    "explorer.budget_mb": (OTHER, {"explorer_page"}),
    "explorer.with": (["pictures"], {"explorer_page"}),
    "figures.overview_images": (OTHER, {"overview"}),
    "figures.sheet_images": (OTHER, {"geometry_sheet", "masked_sheet", "sticker_sheet"} | PICTURED),
}  # fmt: skip
# the same of the experiment `pictures`, for keys that the tiny experiment has no use for
PICTURES_TABLE: dict[str, tuple[Any, set[str]]] = {
    "data.source": ("twin", CHECKED | READ | {"classes", "pretrained"} | ALBUMS),
    "data.broken": (OTHER, CHECKED | ((READ | ALBUMS) - {"class_animation"})),
    "compare": ({"one": "results/tiny", "other": "rival"}, COMPARED),
    "against_published": (["of_gtsrb"], BESIDE_PUBLISHED),
    # the first preset, whose way is shown, needs no natural pictures
    "data.fit": (OTHER, (READ | ALBUMS) - {"class_animation"}),
    "data.masks": ("twin", {"regions"} | COMPOSED),
    "data.mask_threshold": (OTHER, {"regions"} | COMPOSED),
    "data.folder.test_fraction": (OTHER, CHECKED | READ | {"classes", "pretrained"} | ALBUMS),
    "data.folder.track_pattern": ("([0-9])", CHECKED | READ | {"classes", "pretrained"} | ALBUMS),
    "model.train": (
        True,
        ASKED | CHECKED | {"train", "examples", "training_curve"} | (TAKEN - {"pretrained"}),
    ),
    "model.weights": ("net2.safetensors", TAKEN),
    "model.classes": (["cat", "hound"], TAKEN),
    "model.mean": (OTHER, TAKEN),
    "model.std": (OTHER, TAKEN),
    "background.fills": (["gray"], COMPOSED),
    "background.margin": (0.2, COMPOSED),
    "real_examples.source": ("photographs/other.csv", PHOTOGRAPHED),
    "real_examples.methods": (["layer_cam"], {"album_maps", "photographs"} | STUCK_ON | EXPLORED),
    "real_examples.boxes": (None, PHOTOGRAPHED - {"on_sticker_table", "on_sticker"}),
    "real_examples.original": ("kind", PHOTOGRAPHED),
    "real_examples.track": ("kind", PHOTOGRAPHED),
    "real_examples.groups": ([], PHOTOGRAPHED),
    "gallery.source": ("stock", {"album_pictures", "album_maps"} | FILES | EXPLORED),
    "gallery.methods": (["random"], {"gallery_sheet", "gallery_singles"} | EXPLORED),
    "gallery.singles": (OTHER, set()),
    "gallery.overlay.size": (OTHER, {"gallery_singles"}),
    "gallery.overlay.opacity": (OTHER, {"gallery_singles"}),
    "gallery.overlay.colours": (OTHER, {"gallery_singles"}),
    "gallery.overlay.signed_colours": (OTHER, {"gallery_singles"}),
    "gallery.smoothing": ([1, 3], {"gallery_sweeps", "gallery_strips"}),
    "gallery.spreads": ([0.2], {"gallery_sweeps", "gallery_strips"}),
    "gallery.layers": (["features.last"], {"gallery_sweeps"} | {"gallery_strips"}),
    "gallery.strip_pictures": (OTHER, {"gallery_sweeps", "gallery_strips"}),
    "features.source": ("stock", OWN),
    "features.images": (OTHER, OWN - {"album_pictures"}),
    "features.recipes": ({"quick": {"preset": "fourier", "steps": 3}}, CLASSES | FILTERS),
    "features.classes.which": ([0], CLASSES),
    "features.classes.presets": (["quick", "phases"], NUMBERS | INDEX | {"class_sheets"}),
    "features.classes.restarts": (OTHER, CLASSES),
    "features.classes.diversity": (OTHER, CLASSES),
    "features.classes.animation": (OTHER, INDEX),
    "features.classes.control": (OTHER, NUMBERS | INDEX),
    "features.filters.layers": ({"features.last": [1]}, FILTERS),
    "features.filters.preset": ("phases", FILTERS),
    "features.filters.examples": (OTHER, SCANNED),
    "features.activations.layers": ({"features.third": 1}, ACTIVATIONS),
    "features.inversion.layers": (["features.last"], INVERSION),
    "features.inversion.preset": ("published_filter", INVERSION),
    "features.dream.targets": ([1], DREAMS),
    "features.dream.preset": ("published_dream", DREAMS),
    "features.dream.octaves": (OTHER, DREAMS),
    "features.dream.ratio": (OTHER, DREAMS),
    "features.dream.jitter": (OTHER, DREAMS),
    "features.dream.tile": (32, DREAMS),
    "features.dream.size": (OTHER, DREAMS),
    "detection.images": (2, {"scene_pictures"} | FOUND),
    "detection.detector.parameters": ({"width": 5}, DETECTED),
    "detection.training.epochs": (OTHER, DETECTED),
    "detection.training.split": ("train", {"scene_pictures"} | DETECTED),
    "detection.boxes.threshold": (OTHER, FOUND),
    "detection.boxes.overlap": (OTHER, FOUND),
    "detection.methods": (["random", "odam", "saliency"], BOXED - {"detection_overview"}),
    "detection.null_boxes": (OTHER, SCORED),
    "detection.metrics": (["box_localisation"], NUMBERED),
    "detection.score": ("softmax", BOXED),
    "detection.layer": ("backbone.body.third", BOXED),
    "detection.follows": ("logit", SCORED),
    "detection.batch_size": (OTHER, set()),
    "detection.sheets": (OTHER, {"box_sheets"}),
    "detection.singles": (True, {"box_singles"}),
}
# Keys of things that the two experiments do not use: what depends on them is tested with the things, below.
OF_SETS = {key for key in keys() if key.split(".")[0] == "data" and key.split(".")[1] in data_sets.names()}
APART = {"plugins", "data.field.background", "training.augmentation.flip", "evaluation.variants"}
OF_BOXES = {key for key in keys() if key.startswith("detection.")}  # tests/unit/plan/test_plan_detection.py
ELSEWHERE = (APART | OF_SETS | OF_BOXES | set(parameters())) - {*TABLE, *PICTURES_TABLE}


def at(config: dict[str, Any], key: str) -> Any:
    for part in key.split("."):
        config = config[part]
    return config


def change(base: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The config with another value under a key."""
    config = copy.deepcopy(base)
    if value is OTHER:
        value = other(keys()[key], at(complete(base, SCHEMA), key))
    update_config(config, nested(key, value))
    if key == "model.train":  # a training takes these from the data
        config["model"] |= {"mean": None, "std": None}
    return config


def test_every_key_is_in_a_table() -> None:
    named = [*TABLE, *PICTURES_TABLE, *ELSEWHERE]
    assert sorted(named) == sorted(keys())


@pytest.fixture(scope="module")
def plans(finished: Workflow, pictures: Workflow) -> Iterator[dict[str, Future[dict[str, int]]]]:
    """Key -> the jobs that its change reruns, two dry runs at a time."""
    twin = finished.folder / "twin"
    if not twin.exists():
        twin.symlink_to("own")
        (finished.folder / "rival").symlink_to("results/tiny")
        as_gtsrb(finished.folder / "results/tiny", finished.folder / "of_gtsrb")
        (finished.folder / "net2.safetensors").symlink_to("net.safetensors")
    with ThreadPoolExecutor(2) as pool:
        yield {
            key: pool.submit(finished.planned, change(base, key, value))
            for base, table in ((TINY, TABLE), (PICTURES, PICTURES_TABLE))
            for key, (value, rules) in table.items()
            if rules != EVERYTHING
        }


@pytest.mark.parametrize("key", [key for key, (_, rules) in TABLE.items() if rules != EVERYTHING])
def test_a_key_reruns_exactly(plans: dict[str, Future[dict[str, int]]], key: str) -> None:
    assert set(plans[key].result()) == TABLE[key][1]


@pytest.mark.parametrize("key", PICTURES_TABLE)
def test_a_key_of_pictures_reruns_exactly(plans: dict[str, Future[dict[str, int]]], key: str) -> None:
    assert set(plans[key].result()) == PICTURES_TABLE[key][1]


@pytest.mark.parametrize("key", [key for key, (_, rules) in TABLE.items() if rules == EVERYTHING])
def test_a_key_that_moves_everything(key: str) -> None:
    def files(config: dict[str, Any]) -> set[str]:
        plan = Plan(complete(config, SCHEMA))
        return {plan.root, plan.cache}

    base = TINY | {"data": {"name": "gtsrb"}}
    assert files(base) != files(change(base, key, TABLE[key][0]))


@pytest.mark.parametrize("key", sorted(key for key in ELSEWHERE if key.startswith("data.signs.")))
def test_drawn_signs_of_another_size_are_other_archives(key: str) -> None:
    assert Plan(complete({}, SCHEMA)).cache != Plan(complete(change({}, key, OTHER), SCHEMA)).cache


def distinct(key: str) -> Any:
    """Another value of a parameter, also where the schema alone does not say one."""
    part, value = keys()[key], at(complete({}, SCHEMA), key)
    if part.get("registry") == "replacements":
        return "blur"
    if value is None and "array" in part.get("type", ()):
        return ["features.last"] if part["items"]["type"] == "string" else [0, 0, 1]
    if part.get("uniqueItems") and isinstance(value, list):
        return value[:-1]
    return other(part, value)


def test_a_flip_at_random_is_part_of_the_training() -> None:
    """Of a data set that allows it, which signs do not."""
    base = {"data": {"name": "cifar10"}}
    plans = [Plan(complete(one, SCHEMA)) for one in (base, change(base, "training.augmentation.flip", 0.5))]
    assert [plan.training["augmentation"]["flip"] for plan in plans] == [0, 0.5]


def test_what_lies_around_a_picture_is_part_of_it() -> None:
    base = {"data": {"field": {"scale": [1, 2]}}}
    plans = [Plan(complete(one, SCHEMA)) for one in (base, change(base, "data.field.background", "mean"))]
    assert [plan.field["background"] for plan in plans] == ["border", "mean"]


@pytest.mark.parametrize("key", sorted(parameters()))
def test_a_parameter_is_of_its_own_thing_alone(key: str) -> None:
    """Its method or metric changes, and what is a variant of it, and no other."""
    group, _, name, _ = key.split(".", 3)
    registry = methods if group == "attribution" else metrics
    yours = next(one for one in ("saliency", "road", "deletion") if one in registry and one != name)
    base = {group: {"variants": {"mine": {registry.key: name}, "yours": {registry.key: yours}}}}
    after = copy.deepcopy(base)
    update_config(after, nested(key, distinct(key)))

    def chosen(config: dict[str, Any]) -> dict[str, Any]:
        plan = Plan(complete(config, SCHEMA))
        choose = plan.method if group == "attribution" else plan.metric
        return {one: choose(one) for one in [*registry.names(), "mine", "yours"]}

    before, now = chosen(base), chosen(after)
    assert {one for one in now if now[one] != before[one]} == {name, "mine"}
