"""What changed test images are taken for, as jobs stored it: cells, pixels, degrees, stickers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signsight.core.files import ArrayFile, read_csv
from signsight.core.registry import replacements
from signsight.core.rng import generator
from signsight.core.stored import stored, stored_arrays
from signsight.evaluation.metric_table import read_result
from signsight.explorer.blobs import encoded
from signsight.explorer.measured import Measured, curve_interval
from signsight.explorer.pictures import sprites
from signsight.perturbation.stickers import picture_widths, put_stickers, sticker_box, sticker_pixels, touched

GEOMETRY = {
    "rotation": "Rotation in the plane",
    "perspective_vertical": "Turned about the vertical axis",
    "perspective_horizontal": "Turned about the horizontal axis",
}

DEGREES = {"probability": np.float32, "predicted": np.uint16, "confidence": np.float32}  # what is stored


def cells(given: Mapping[str, Any], facts: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any] | None:
    """The order in which each method has grid cells painted, and what is predicted with k of them painted."""
    if not given["cells"]:
        return None
    grid, most = facts["grid"], facts["max_cells"]
    found = {}
    for method, file in given["cells"].items():
        order = ArrayFile(file).take(rows)[:, :most].astype(np.int64)
        none, kind = (255, np.uint8) if grid * grid < 255 else (65535, np.uint16)
        with stored(given["masking"][method]) as arrays:
            predicted = arrays["more_predicted"][rows]
        found[method] = {
            "order": encoded(np.where(order < 0, none, order).astype(kind)),
            "predicted": encoded(predicted.astype(np.uint16)),
            "probability": None,
        }
    colour = np.round(np.asarray(facts["colour"]) * 255).astype(int)
    means = {method: _mean(file, facts) for method, file in given["masking"].items()}
    return {
        "grid": grid,
        "colour": colour,
        "max": most,
        "methods": found,
        "mean": {method: told for method, (told, _) in means.items()},
        "mean_label": f"accuracy of all {max(n for _, n in means.values())} images with a map",
    }


def _mean(file: Path | str, facts: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The accuracy of all images with a map, with its interval, by the number of painted cells."""
    curve = read_result(file).curves["masked_accuracy"]
    mean, low, high = curve_interval(curve, facts["confidence"])
    return {"mean": mean, "low": low, "high": high}, int(np.isfinite(curve[:, 0]).sum())


def pixels(
    given: Mapping[str, Any],
    facts: Mapping[str, Any],
    images: np.ndarray,
    ids: Sequence[str],
    maps: Mapping[str, np.ndarray],
    measured: Measured,
) -> dict[str, Any] | None:
    """At which step each pixel is taken away by deletion and its like, and what takes its place.

    All metrics of that kind whose steps are those of the first one are in it; `shown` are those that begin
    with the replaced picture and show pixels. images: (n, H, W, 3) uint8; maps: method -> (n, H, W).
    """
    metrics = facts["hiding"]
    of_first = {metric: measured.first(metric) for metric in metrics}
    x: np.ndarray | None = None
    alike, fills = [], {}
    for metric, told in metrics.items():
        own = of_first[metric].x
        if x is None or np.array_equal(x, own):
            x = own
            alike.append(metric)
            fills[metric] = _fill(images, ids, told["replacement"], facts["seed"], given["model"][0])
    if x is None:
        return None
    counts = np.rint(x * images.shape[1] * images.shape[2]).astype(np.int64)
    return {
        "steps": len(x) - 1,
        "methods": {method: encoded(removal_steps(own, counts)) for method, own in maps.items()},
        "metrics": alike,
        "shown": [metric for metric in alike if metrics[metric]["shows"]],
        "curve": {metric: next(iter(of_first[metric].curves)) for metric in alike},
        "x": x,
        "fill": fills,
    }


def removal_steps(maps: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The step, from 0, at which each pixel is hidden: maps (n, H, W) -> the same shape, uint8 or uint16.

    counts: (S + 1,) pixels hidden after 0..S steps; step s hides those from counts[s] to counts[s + 1], in
    the order of `evaluation.engine.pixel_order`: the most relevant first, equal ones row by row. A pixel
    that is never hidden has the step S.
    """
    flat = maps.reshape(len(maps), -1)
    order = np.argsort(-flat, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(flat.shape[1]), order.shape), axis=1)
    steps = np.searchsorted(counts[1:], ranks, side="right")
    return steps.astype(np.uint8 if len(counts) <= 256 else np.uint16).reshape(maps.shape)


def _fill(images: np.ndarray, ids: Sequence[str], name: str, seed: int, model: Path | str) -> Any:
    """What takes the place of hidden pixels: one colour [r, g, b] for all images, or a picture for each.

    model: its `model.json`, for a replacement in units of the network's input.
    """
    replace, about = replacements.get(name), replacements.about(name)
    drawn = np.stack(
        [
            replace(image / np.float32(255), generator(seed, "fill", own, 0))
            for image, own in zip(images, ids, strict=True)
        ]
    )
    if about.get("normalised"):
        told = json.loads(Path(model).read_text(encoding="utf-8"))
        drawn = drawn * np.float32(told["std"]) + np.float32(told["mean"])
    whole = np.clip(np.rint(drawn * 255), 0, 255).astype(np.uint8)
    if (whole == whole[:1, :1, :1]).all():
        return whole[0, 0, 0]
    return sprites(whole, whole.shape[1:3])


def geometry(
    given: Mapping[str, Any], facts: Mapping[str, Any], rows: np.ndarray, truth: np.ndarray
) -> list[dict[str, Any]]:
    """What is predicted at each degree of each transform; truth: (N,) classes of all test images."""
    found = []
    for transform, files in given["geometry"].items():
        parts = [_scores(file) for file in files]
        degrees = np.concatenate([[int(name) for name in part["sets"]] for part in parts])
        order = np.argsort(degrees)
        told = {"transform": transform, "label": GEOMETRY[transform], "degrees": degrees[order]}
        told["fill"] = facts["fill"]
        for key, kind in DEGREES.items():
            whole = np.concatenate([part[key] for part in parts])[order][:, rows]
            told[key] = encoded(whole.T.astype(kind))
        found.append(told | {"mean": _accuracy(parts, order, truth, facts["confidence"])})
    return found


def _accuracy(
    parts: Sequence[Mapping[str, np.ndarray]], order: np.ndarray, truth: np.ndarray, confidence: float
) -> dict[str, Any]:
    """The accuracy of all images at each degree."""
    predicted = np.concatenate([part["predicted"] for part in parts])[order]
    mean, low, high = curve_interval((predicted == truth).T.astype(np.float32), confidence)
    label = f"accuracy of all {len(truth)} images"
    return {"mean": mean, "low": low, "high": high, "label": label}


def stickers(
    given: Mapping[str, Any],
    facts: Mapping[str, Any],
    rows: np.ndarray,
    images: np.ndarray,
    truth: np.ndarray,
    shares: np.ndarray,
) -> list[dict[str, Any]]:
    """What is predicted with each sticker; of the pictures only what the sticker covers, the rest is black.

    shares: how wide the sign is in each picture (`data.regions.sign_shares`).
    `rectangle`: left, top, right, bottom of whole pixels that it touches; all 0 without a sticker.
    """
    found, size = [], images.shape[1]
    shapes = read_csv(given["classes"])["shape"].tolist()
    for method, file in given["stickers"].items():
        scores = _scores(file)
        names, grid = list(map(str, scores["sets"])), facts["grid"]
        first = ArrayFile(given["sticker_cells"][method]).take(rows)[:, 0].astype(np.int64)
        clean = names.index("none")
        for name, (design, sign) in facts["sticker_sets"].items():
            own, widths = facts["designs"][design], facts["sign_widths"][sign]
            wide = picture_widths(widths, [shapes[c] for c in truth], shares)
            boxes = _rectangles(first, wide, own, size, grid)
            stuck = _covered(put_stickers(images, first, wide, own, grid), boxes)
            at = names.index(name)
            found.append(
                {
                    "method": method,
                    "design": design,
                    "sign_size": sign,
                    "colour": None,
                    "rectangle": encoded(boxes),
                    "pictures": sprites(stuck, (size, size), lossless=True),
                    "probability": scores["probability"][at, rows],
                    "predicted": scores["predicted"][at, rows],
                    "confidence": scores["confidence"][at, rows],
                    "clean_probability": scores["probability"][clean, rows],
                }
            )
    return found


def _rectangles(
    cells: np.ndarray, widths: np.ndarray, design: Mapping[str, Any], size: int, grid: int
) -> np.ndarray:
    """(n, 4) uint16: the whole pixels that each sticker touches."""
    found = np.zeros((len(cells), 4), np.uint16)
    for n, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        if cell >= 0:
            box = sticker_box(int(cell), grid, size, *sticker_pixels(design, float(width), size))
            found[n] = touched(box, size)
    return found


def _covered(images: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The images (n, S, S, 3) with black outside their boxes."""
    out = np.zeros_like(images)
    for n, (left, top, right, bottom) in enumerate(boxes.astype(int)):
        out[n, top:bottom, left:right] = images[n, top:bottom, left:right]
    return out


def _scores(file: Path | str) -> dict[str, np.ndarray]:
    return stored_arrays(file)
