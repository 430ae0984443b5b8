"""A small document of the explorer with everything in it that a page can show, made of noise by a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from signsight.explorer.blobs import encoded, quantised
from signsight.explorer.page import render
from signsight.explorer.pictures import picture, sprites

COUNT, SIZE, GRID, STEPS = 12, 24, 4, 5
HARMLESS = '<img src=x onerror="document.title=1">'  # a class name that must stay text
CLASSES = ["Stop", "Give way", HARMLESS]
METHODS = {  # id -> label, signed, control, same_as
    "random": ("Random", False, True, None),
    "saliency": ("Saliency", False, False, None),
    "lrp": ("LRP", True, False, None),
    "twin": ("Twin", True, False, "lrp"),
}
NULLS = {"centre_prior": "centre prior", "same_class": "map of another image of the class"}
AGAINST_NULLS = {  # method -> what it is against the strongest null map; a control is one itself
    "saliency": {"null": "same_class", "gap": 0.125, "gap_low": 0.0625, "gap_high": 0.1875,
                 "against_null": "better"},
    "lrp": {"null": "random", "gap": -0.25, "gap_low": -0.5, "gap_high": -0.125, "against_null": "worse"},
    "twin": {"null": "centre_prior", "gap": 0.0, "gap_low": -0.5, "gap_high": 0.5, "against_null": "open"},
}  # fmt: skip
MISSING = 3  # the image that LRP has no map of
CURVES = ("deletion", "insertion")


class Made:
    """The document, and the arrays that it was made of."""

    def __init__(self, seed: int = 0) -> None:
        """Everything is drawn from the seed."""
        self.rng = np.random.default_rng(seed)
        rng = self.rng
        self.images = rng.integers(0, 256, (COUNT, SIZE, SIZE, 3), np.uint8)
        self.truth = np.arange(COUNT) % 3
        self.predicted = np.where(np.arange(COUNT) % 4 == 3, (self.truth + 1) % 3, self.truth)
        self.confidence = np.round(np.linspace(0.35, 0.99, COUNT)[rng.permutation(COUNT)], 4)
        self.ids = [f"{n:05d}" for n in range(COUNT)]
        self.maps = {
            method: self._maps(signed) for method, (_, signed, _, same) in METHODS.items() if not same
        }
        self.maps["lrp"][MISSING] = 0
        self.maps["twin"] = self.maps["lrp"]
        self.seed_maps = {method: np.roll(own, 5, axis=1) for method, own in self.maps.items()}
        self.values = {m: np.round(rng.random(COUNT), 5) for m in METHODS}
        self.values["saliency"][5] = np.nan
        self.tree = self._tree()

    def _maps(self, signed: bool) -> np.ndarray:
        own = self.rng.normal(size=(COUNT, SIZE, SIZE)) * self.rng.uniform(0.01, 50, (COUNT, 1, 1))
        return own if signed else np.abs(own)

    def _tree(self) -> dict[str, Any]:
        first = self._experiment("one")
        test = first["sets"][0]
        other = {m: self._stored(np.roll(own, 3, axis=2)) for m, own in self.maps.items()}
        second = first | {"name": "two", "sets": [test | {"maps": {"main": other}}]}
        return {
            "version": 1,
            "left_out": ["Left out: 7 images."],
            "verdict": [
                {"topic": "Network", "level": "good", "text": f"It knows {HARMLESS}."},
                {"topic": "Metrics", "level": "bad", "text": "They disagree."},
            ],
            "links": {"report": "report.html"},
            "experiments": [first, second],
        }

    def _experiment(self, name: str) -> dict[str, Any]:
        quantity = {"id": "area", "label": "area", "direction": "lower", "chance": 0.5}
        curve = {"id": "p", "label": "Probability", "x_label": "share", "y_label": "Probability of the class"}
        return {
            "name": name,
            "data_set": "noise",
            "network": "compact",
            "classes": [{"id": n, "name": own} for n, own in enumerate(CLASSES)],
            "methods": [
                {"id": m, "label": label, "family": "Family", "signed": signed, "control": control,
                 "measures": "It measures.", "misleads": "It misleads.", "same_as": same}
                for m, (label, signed, control, same) in METHODS.items()
            ],
            "networks": [{"id": "main", "label": "seed 0"}, {"id": "seeds/1", "label": "seed 1"}],
            "metrics": [
                {"id": m, "label": m.title(), "quantities": [quantity], "curves": [curve]} for m in CURVES
            ],
            "sets": [self._test(), self._gallery(), self._detection()],
            "ranking": {"confidence": 0.95, "rows": self._ranks(), "nulls": NULLS},
            "agreement": {"rows": [
                {"metric_a": "deletion", "quantity_a": "area", "metric_b": "insertion", "quantity_b": "area",
                 "methods": 3, "tau": -0.33}
            ]},
            "learned": self._learned(),
        }  # fmt: skip

    def _ranks(self) -> list[dict[str, Any]]:
        return [
            {"metric": metric, "quantity": "area", "method": m, "n": 9, "mean": 0.3 + 0.1 * k, "low": 0.2,
             "high": 0.4 + 0.1 * k, "rank": k + 1, "group": "abcd"[k]} | AGAINST_NULLS.get(m, {})
            for metric in CURVES
            for k, m in enumerate(METHODS)
        ]  # fmt: skip

    def _stored(self, maps: np.ndarray) -> dict[str, Any]:
        values, scale, missing = quantised(maps)
        return {"values": encoded(values), "scale": scale, "missing": missing if missing.any() else None}

    def _shared(self, count: int) -> dict[str, Any]:
        own = slice(0, count)
        return {
            "size": [SIZE, SIZE], "count": count, "total": 100, "chosen": "Drawn at random.",
            "ids": self.ids[own], "files": [f"folder/{i}.png" for i in self.ids[own]],
            "predicted": self.predicted[own], "confidence": self.confidence[own],
            "top": [
                [[int(p), float(c)], [int((p + 1) % 3), round(1 - float(c), 4)]]
                for p, c in zip(self.predicted[own], self.confidence[own], strict=True)
            ],
            "pictures": sprites(self.images[own], (SIZE, SIZE)),
            "values": {}, "population": {}, "curves": {}, "cells": None, "pixels": None, "geometry": [],
            "stickers": [], "disagreement": None,
        }  # fmt: skip

    def _test(self) -> dict[str, Any]:
        rng = self.rng
        self.probability = np.where(self.truth == self.predicted, self.confidence, 1 - self.confidence)
        self.disagreement = np.round(rng.random(COUNT), 5)
        self.curve = rng.random((COUNT, STEPS + 1)).astype(np.float32)
        self.steps = rng.integers(0, STEPS + 1, (COUNT, SIZE, SIZE)).astype(np.uint8)
        self.order = np.stack([rng.permutation(GRID * GRID) for _ in range(COUNT)]).astype(np.uint8)
        self.masked = rng.integers(0, 3, (COUNT, STEPS + 1)).astype(np.uint16)
        self.degrees = [-45, 0, 30]
        self.turned = rng.random((COUNT, 3)).astype(np.float32)
        x = np.linspace(0, 1, STEPS + 1)
        mean = {"mean": self.curve.mean(0), "low": self.curve.mean(0) - 0.1, "high": self.curve.mean(0) + 0.1}
        lines = {m: mean | {"images": encoded(self.curve)} for m in ("saliency", "lrp")}
        box = np.tile(np.array([2, 3, 9, 12], np.uint16), (COUNT, 1))
        population = {m: {"quantiles": np.linspace(0, 1, 21), "n": 9} for m in METHODS}
        sticker = {
            "method": "saliency", "design": "tall", "sign_size": "small", "colour": [255, 0, 255],
            "rectangle": encoded(box), "pictures": None, "probability": 0.5 * self.probability,
            "predicted": (self.predicted + 1) % 3, "clean_probability": self.probability,
        }  # fmt: skip
        return {
            **self._shared(COUNT),
            "id": "test", "label": "Test images", "truth": self.truth, "probability": self.probability,
            "maps": {
                "main": {m: self._stored(own) for m, own in self.maps.items()},
                "seeds/1": {m: self._stored(own) for m, own in self.seed_maps.items()},
            },
            "networks": {"seeds/1": {"predicted": np.zeros(COUNT, int), "confidence": self.confidence}},
            "values": {metric: {"area": self.values} for metric in CURVES},
            "population": {metric: {"area": population} for metric in CURVES},
            "disagreement": self.disagreement,
            "curves": {metric: {"p": {"x": x, "methods": lines}} for metric in CURVES},
            "cells": {
                "grid": GRID, "colour": [255, 255, 255], "max": STEPS,
                "methods": {"saliency": {
                    "order": encoded(self.order), "predicted": encoded(self.masked),
                    "probability": encoded(self.curve),
                }},
            },
            "pixels": {
                "steps": STEPS, "x": x, "metrics": list(CURVES), "shown": ["insertion"],
                "fill": {"deletion": [127, 127, 127], "insertion": sprites(self.images[::-1], (SIZE, SIZE))},
                "methods": {m: encoded(self.steps) for m in ("saliency", "lrp")},
            },
            "geometry": [{
                "transform": "rotation", "label": "Rotation", "degrees": self.degrees,
                "probability": encoded(self.turned), "confidence": encoded(self.turned),
                "predicted": encoded(np.tile(np.array([0, 1, 2], np.uint16), (COUNT, 1))),
            }],
            "stickers": [sticker],
        }  # fmt: skip

    def _gallery(self) -> dict[str, Any]:
        return {
            **self._shared(2),
            "id": "gallery", "label": "Own pictures", "truth": None, "probability": [None, None],
            "maps": {"main": {"saliency": self._stored(self.maps["saliency"][:2])}},
            "refused": {"lrp": "it needs another network."},
        }  # fmt: skip

    def _detection(self) -> dict[str, Any]:
        sizes = [(30, 40), (20, 28)]
        self.scenes = [self.rng.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
        boxes = [
            {"id": f"{p}-{k}", "picture": p, "label": CLASSES[k], "class_id": k, "probability": 0.9 - 0.2 * k,
             "x0": 1 + 12 * k, "y0": 2, "x1": 11 + 12 * k, "y1": 15, "truth": None}
            for p in range(2)
            for k in range(2)
        ]  # fmt: skip
        maps = {}
        for method in ("saliency", "lrp"):
            own = [self.rng.normal(size=(1, *sizes[box["picture"]])) for box in boxes]
            stored = [quantised(one) for one in own]
            maps[method] = {
                "values": [encoded(values[0]) for values, _, _ in stored],
                "scale": [scale[0] for _, scale, _ in stored],
                "layer": "layer4",
            }
        return {
            "id": "detection", "label": "Detections", "size": None, "count": 2, "total": 2, "chosen": "",
            "ids": ["scene 0", "scene 1"], "files": None, "truth": None,
            "pictures": [picture(scene) for scene in self.scenes], "boxes": boxes,
            "objects": [{"picture": 0, "label": "Stop", "x0": 2, "y0": 2, "x1": 12, "y1": 14}],
            "maps": {"main": maps}, "values": {}, "population": {}, "curves": {},
            "box_values": {"deletion": {"area": {m: [0.1, 0.2, 0.3, 0.4] for m in maps}}},
        }  # fmt: skip

    def _learned(self) -> dict[str, Any]:
        shown = picture(self.images[0])
        return {
            "classes": [{
                "class_id": n, "recipe": "r", "label": "Fourier", "network": "trained", "picture": shown,
                "reached": 5.0, "probability": 0.9, "natural": 3.0, "examples": [n],
            } for n in range(3)],
            "filters": [{"layer": "conv1", "unit": 4, "picture": shown, "patches": [shown], "activation": 1}],
        }  # fmt: skip


def write(tree: dict[str, Any], file: Path) -> Path:
    """Write the page of a document."""
    file.write_text(render(tree), encoding="utf-8")
    return file
