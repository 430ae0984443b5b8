"""Results of a run as its jobs would store them, with random numbers in them, for tests of the explorer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from schema_changes import SCHEMA
from signsight.config.rules import complete
from signsight.core.files import write_csv
from signsight.core.registry import methods
from signsight.data.imageset import write_index
from signsight.detection.map_file import maps_writer
from signsight.detection.scene import Scene, SceneObject
from signsight.detection.scene_set import write_scene_set
from signsight.evaluation.metric_table import metric_table
from signsight.evaluation.ranking import RANK_COLUMNS, agreement_table, pair_table, ranking_table
from signsight.perturbation.grid import rank_cells
from signsight.plan.plan import Plan

NAMES = [f"class {n} <b>" for n in range(10)]  # as markup, to see that it stays text
# metric -> names of its stored curves
CURVES = {
    "deletion": ["deletion"], "insertion": ["insertion"], "region_perturbation": ["morf", "lerf"],
    "localisation": [], "grid_masking": ["masked_accuracy"],
}  # fmt: skip

EVERYTHING: dict[str, Any] = {
    "experiment": "everything",
    "data": {"name": "signs", "size": 24},
    "model": {"seeds": [2020, 1]},
    "attribution": {"methods": ["random", "saliency", "grad_cam", "grad_cam_pp", "lrp_epsilon"]},
    "masking": {"grid": 6, "max_cells": 4},
    "geometry": {"rotation": [-30, 0, 30], "perspective_vertical": [20], "perspective_horizontal": []},
    "evaluation": {
        "images": 30, "metrics": ["deletion", "insertion", "localisation"],
        "parameters": {"deletion": {"steps": 20}, "insertion": {"steps": 20, "hidden": "blur"}},
    },
    "gallery": {"source": "own", "methods": ["saliency", "grad_cam"]},
    "real_examples": {"source": "own"},
    "features": {
        "source": "own",
        "classes": {"which": [0, 1], "presets": ["fourier"]},
        "filters": {"layers": {"features.last": 2}, "examples": 3},
        "activations": {"layers": {"features.last": 1}},
        "inversion": {"layers": ["features.last"]},
        "dream": {"targets": [1]},
    },
    "detection": {"pictures": "scenes", "methods": ["random", "odam"], "metrics": ["box_localisation"]},
}  # fmt: skip


def large() -> dict[str, Any]:
    """60 images by 30 methods at 48 px, with two metrics of 100 steps."""
    names = [name for name in methods.names() if methods.about(name).get("explains") != "boxes"]
    return {
        "experiment": "large",
        "data": {"name": "signs", "size": 48},
        "attribution": {"methods": names[:30]},
        "evaluation": {"metrics": ["deletion", "insertion", "region_perturbation", "localisation"]},
    }


def results(config: dict[str, Any], folder: Path, images: int = 40, seed: int = 0) -> Plan:
    """Write the results that a config asks for below `folder`; the plan knows their names.

    images: number of test images; a third of them are misclassified.
    """
    plan = Plan(complete({"results": str(folder), **config}, SCHEMA))
    rng, given = np.random.default_rng(seed), plan.explorer.given
    if given["model"]:
        Path(given["model"][0]).parent.mkdir(parents=True, exist_ok=True)
        Path(given["model"][0]).write_text(
            '{"classes": ["one", "two", "three"], "mean": [0.5], "std": [0.2]}'
        )
    if plan.has_data:
        _test_images(plan, given, rng, images)
    for own in given["albums"].values():
        _album(own, rng)
    if given["features"]:
        _features(given["features"], rng)
    if given["detection"]:
        _detection(plan, given["detection"], rng)
    if "verdict" in given["tables"]:
        _verdict(given["tables"]["verdict"])
    return plan


def _save(path: str, array: np.ndarray) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def _savez(path: str, **arrays: np.ndarray) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def _test_images(plan: Plan, given: dict[str, Any], rng: np.random.Generator, count: int) -> None:
    size = plan.config["data"]["size"]
    truth = np.arange(count) % len(NAMES)
    ids = np.array([f"{n:05d}" for n in range(count)])
    _save(given["images"][0], rng.integers(0, 256, (count, size, size, 3), np.uint8))
    told = {"image_id": ids, "class_id": truth, "track": ids, "source": [f"in/{name}.png" for name in ids]}
    write_index(Path(given["images"][0]).parent, pd.DataFrame(told))
    shapes = {"class_id": range(len(NAMES)), "name": NAMES, "shape": "circle"}
    write_csv(given["classes"], pd.DataFrame(shapes))
    for network, file in given["clean"].items():
        _scores(file, ["test"], truth, rng, wrong=3 if network == "main" else 5, top=True)
    maps = {}
    for network, files in given["maps"].items():
        for method, file in files.items():
            maps[network, method] = _maps(rng, count, size, method)
            _save(file, maps[network, method])
    grid, most = plan.config["masking"]["grid"], plan.config["masking"]["max_cells"]
    for method, file in given["cells"].items():
        _save(file, rank_cells(maps["main", method], grid, 0.25, grid * grid))
    for method, file in given["sticker_cells"].items():
        _save(file, rank_cells(maps["main", method], grid, 0.25, grid * grid))
    for network, of_metric in given["metrics"].items():
        for metric, files in of_metric.items():
            for method, file in files.items():
                chosen = maps[network, method]
                _metric(plan, metric, file, ids, truth, rng, chosen)
    for files in given["geometry"].values():
        for file in files:
            degrees = next(
                g
                for t, gs in plan.degree_groups.items()
                for k, g in gs.items()
                if file.endswith(f"{t}/{k}.npz")
            )
            _scores(file, [str(degree) for degree in degrees], truth, rng)
    for file in given["stickers"].values():
        _scores(file, ["none", *plan.sticker_sets], truth, rng)
    _tables(plan, given)
    assert most <= grid * grid


def _maps(rng: np.random.Generator, count: int, size: int, method: str) -> np.ndarray:
    """Noise; of a CAM non-negative; the last image has no map by it."""
    maps = rng.standard_normal((count, size, size)).astype(np.float32)
    if method.startswith("grad_cam"):
        maps = np.abs(maps)
        maps[-1] = 0
    return maps


def _scores(
    file: str, sets: list[str], truth: np.ndarray, rng: np.random.Generator, wrong: int = 3, top: bool = False
) -> None:
    shares = rng.dirichlet(np.full(len(NAMES), 0.3), (len(sets), len(truth))).astype(np.float32)
    order = np.argsort(-shares, axis=2)
    # the most probable class is the true one, but for every third image or so
    best, rows = shares.max(2), np.arange(len(truth))
    for n in range(len(sets)):
        right = rows % wrong != 0
        own = shares[n, rows, truth].copy()
        shares[n, rows[right], order[n, rows[right], 0]] = own[right]
        shares[n, rows[right], truth[right]] = best[n, right]
    order = np.argsort(-shares, axis=2, kind="stable")[..., :5]
    more = {}
    if top:
        more = {"top": np.take_along_axis(shares, order, 2), "top_ids": order.astype(np.int16)}
        more |= {"columns": shares, "column_ids": np.arange(len(NAMES))}
    _savez(
        file,
        sets=np.array(sets),
        predicted=order[..., 0].astype(np.int16),
        probability=np.stack([s[rows, truth] for s in shares]),
        confidence=shares.max(2),
        **more,
    )


def _metric(
    plan: Plan,
    metric: str,
    file: str,
    ids: np.ndarray,
    truth: np.ndarray,
    rng: np.random.Generator,
    maps: np.ndarray,
) -> None:
    told, masking = plan.metric(metric), metric == "grid_masking"
    count = len(ids) if told["images"] is None else min(told["images"], len(ids))
    quantities = plan.explorer._metric(metric)["quantities"]
    values = {f"value_{one['id']}": rng.random(count) for one in quantities}
    points = {"deletion": 1, "insertion": 1}.get(metric, 0)
    parameters = told["parameters"]
    length = parameters.get("steps", 100) + 1 if points else parameters.get("max_cells", 20) + 1
    pixels = maps.shape[1] * maps.shape[2]
    x = np.arange(length, dtype=np.float64)
    if points:  # as deletion_insertion._counts spreads them
        x = (2 * np.arange(length) * pixels + length - 1) // (2 * (length - 1)) / pixels
    curves = {f"curve_{c}": rng.random((count, length), np.float32) for c in CURVES.get(metric, [])}
    more = {}
    if masking:
        predicted = np.where(rng.random((count, length)) < 0.7, truth[:count, None], 0).astype(np.int16)
        curve = (predicted == truth[:count, None]).astype(np.float32)
        curve[~(maps > 0).any((1, 2))] = np.nan
        curves, more = {"curve_masked_accuracy": curve}, {"more_predicted": predicted}
    rows = {"rows": np.arange(count), "ids": ids[:count]}
    _savez(file, **values, **curves, **more, **rows, x=x if curves else x[:0], labels=np.array([], np.str_))


def _tables(plan: Plan, given: dict[str, Any]) -> None:
    tables, seed = given["tables"], plan.config["seed"]
    files = {metric: given["metrics"]["main"][metric] for metric in plan.metrics}
    numbers = metric_table(files, plan.measured, plan.confidence, seed)
    pairs = pair_table(files, plan.measured, plan.confidence, seed)
    right = {"n": 40, "correct": 30, "accuracy": 0.75, "low": 0.6, "high": 0.86, "chance": 0.1}
    made = {
        "clean": pd.DataFrame([right]),
        "metrics": numbers,
        "ranking": ranking_table(numbers, pairs, plan.confidence),
        "agreement": agreement_table(numbers, plan.explorer.facts["controls"]),
        "identical_maps": pd.DataFrame([("grad_cam_pp", "grad_cam")], columns=["method", "same_as"]),
    }
    for name, file in tables.items():
        if name in made:
            write_csv(file, made[name])


def _verdict(file: str) -> None:
    row = ("accuracy", "good", "It knows.")
    write_csv(file, pd.DataFrame([row], columns=["topic", "level", "text"]))


def _album(own: dict[str, Any], rng: np.random.Generator) -> None:
    size, count = 32, 3
    _save(own["images"], rng.integers(0, 256, (count, size, size, 3), np.uint8))
    table = {
        "file": ["a/cat.png", "b/cat.png", "dog.jpg"], "class_id": [1, -1, -1], "class_name": ["two", "", ""],
        "predicted_id": [1, 0, 2], "predicted_name": ["two", "one", "three"], "probability": [0.6, 0.5, 0.9],
        "explained_id": [1, 0, 2], "against_id": -1, "explained_name": ["two", "one", "three"],
        "explained_probability": [0.6, 0.5, 0.9], "true_probability": [0.6, np.nan, np.nan],
        "most_probable": ["1 0.6, 0 0.3, 2 0.1", "0 0.5, 1 0.5", "2 0.9, 0 0.1"],
    }  # fmt: skip
    write_csv(own["table"], pd.DataFrame(table))
    for n, file in enumerate(own["maps"].values()):
        maps = rng.standard_normal((count, size, size)).astype(np.float32)
        _savez(
            file, **({"refused": np.array("The network has no such layer.")} if n == 1 else {"maps": maps})
        )


def _features(files: dict[str, Any], rng: np.random.Generator) -> None:
    def images(count: int) -> np.ndarray:
        return rng.integers(0, 256, (count, 24, 24, 3), np.uint8)

    classes = files["classes"]
    numbers = []
    for name, own in classes["sets"].items():
        _save(own["images"], images(2))
        table = {
            "image_id": ["0-0", "1-0"], "class_id": [0, 1], "label": NAMES[:2], "against": -1, "restart": 0,
            "score": [3.5, 4.5], "active": 1, "steps_until_sure": 3, "file": ["0.png", "1.png"],
        }  # fmt: skip
        write_csv(own["index"], pd.DataFrame(table))
        network, recipe = name.split("/")
        for picture in ("0-0", "1-0"):
            told = {"network": network, "preset": recipe, "picture": picture, "class_id": 0, "restart": 0}
            numbers += [told | {"quantity": q, "value": v} for q, v in (("logit", 3.25), ("softmax", 0.75))]
    write_csv(classes["table"], pd.DataFrame(numbers))
    own = files["filters"]
    _save(own["images"], images(2))
    _save(own["examples"], images(6).reshape(2, 3, 24, 24, 3))
    units = {"image_id": ["u0", "u1"], "layer": "features.last", "channel": [4, 7], "score": 1.0, "active": 1}
    write_csv(own["index"], pd.DataFrame(units | {"reached_max": [2.5, 3.0], "natural_max": [2.0, 2.0]}))
    box = {"value": 1.0, "row": 0, "top": 2, "left": 4, "bottom": 14, "right": 20}
    places = [(unit, rank) for unit in (4, 7) for rank in (1, 2, 3)]
    patches = [{"layer": "features.last", "channel": unit, "rank": rank, **box} for unit, rank in places]
    write_csv(own["patches"], pd.DataFrame(patches))
    rows = {
        "activations": {"picture": "p", "layer": "features.last", "channel": 1, "rule": "signed"},
        "inversions": {"picture": "p", "layer": "features.last", "error": 0.25},
        "dreams": {"picture": "p", "target": "class 1", "score_before": 1.0, "score_after": 2.0},
    }
    for product, row in rows.items():
        Path(files[product]["pictures"]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(images(1)[0]).save(Path(files[product]["pictures"], "p.png"))
        write_csv(files[product]["index"], pd.DataFrame([row | {"file": "p.png"}]))


class _Scenes:
    """Two noisy pictures with an object each."""

    ids = ("one", "two")

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def scene(self, picture: str) -> Scene:
        image = self._rng.integers(0, 256, (60, 80, 3), np.uint8)
        return Scene(picture, image, [SceneObject("sign", (10, 10, 40, 30))])


def _detection(plan: Plan, own: dict[str, Any], rng: np.random.Generator) -> None:
    write_scene_set(_Scenes(rng), own["scenes"], ["sign", "other"])
    boxes = [
        {"box": f"{picture}-{n}", "picture": picture, "detection": n, "class_id": n - 1, "label": label,
         "probability": 0.9 / n, "logit": 1.0, "x0": 8.0 * n, "y0": 10.0, "x1": 40.0, "y1": 30.0,
         "object": 2 - n, "iou": 0.8}
        for picture in ("one", "two")
        for n, label in ((1, "sign"), (2, "other"))
    ]  # fmt: skip
    write_csv(own["boxes"], pd.DataFrame(boxes))
    for file in own["maps"].values():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        with maps_writer(file) as writer:
            for _ in boxes:
                writer.add(rng.standard_normal((60, 80)).astype(np.float32))
    ids = np.array([one["box"] for one in boxes])
    for metric, files in own["metrics"].items():
        for file in files.values():
            values = {
                f"value_{q['id']}": rng.random(len(ids)) for q in plan.explorer._metric(metric)["quantities"]
            }
            rows = {
                "rows": np.arange(len(ids)),
                "ids": ids,
                "x": np.empty(0),
                "labels": np.array([], np.str_),
            }
            _savez(file, **values, **rows)
    ranking = plan.explorer.given["tables"].get("box_ranking")
    if ranking:
        row = {"metric": "box_localisation", "quantity": "energy", "method": "odam", "value": 0.5, "n": 4}
        row |= {"null": "same_class", "gap": 0.25, "gap_low": 0.125, "gap_high": 0.375}
        write_csv(ranking, pd.DataFrame([row | {"against_null": "better"}], columns=RANK_COLUMNS))
