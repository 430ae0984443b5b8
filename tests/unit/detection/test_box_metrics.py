"""Metrics of boxes: localisation by hand, the score of the box while pixels go, tables of the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from signsight.core.registry import metrics
from signsight.detection.detect import box_targets, detect, save_tensors
from signsight.detection.detector import Detector
from signsight.detection.evaluate import Settings, evaluate_boxes, regions
from signsight.detection.map_file import MapsFile, maps_writer
from signsight.detection.metrics import IN_BOX, IN_MASK, ON_OTHER, box_localisation
from signsight.detection.scene import Scene, SceneObject
from signsight.detection.scene_set import SceneSet
from signsight.detection.target import BoxTarget
from signsight.evaluation.metric_table import curve_table, metric_table, read_nulls, read_result
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.null_table import null_table
from signsight.evaluation.nulls import NULLS
from signsight.evaluation.ranking import agreement_table, pair_table, ranking_table
from toy_detector import drawn, scene_set, toy

CPU = torch.device("cpu")
LEFT, RIGHT = (4, 8, 12, 16), (18, 8, 26, 16)
HOW = {"which": "all", "threshold": 0.5, "class": None, "at": None, "most": 10, "pictures": None}


def inside(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (20, 20)) -> np.ndarray:
    """(H, W) bool: within any of the boxes."""
    found = np.zeros(size, bool)
    for x0, y0, x1, y1 in boxes:
        found[y0:y1, x0:x1] = True
    return found


def localised(maps: np.ndarray, where: np.ndarray) -> dict[str, np.ndarray]:
    """The values of box_localisation for (n, H, W) maps and regions."""
    ids = [str(n) for n in range(len(maps))]
    images = np.zeros((*maps.shape, 3), np.uint8)
    block = Block(None, images, maps.astype(np.float32), ids, np.ones(len(maps)), where, 0, 0, CPU, 8)
    return box_localisation(block).values


BOX, MASK, OTHER = inside((2, 2, 12, 12)), inside((4, 4, 8, 8)), inside((10, 10, 18, 18))
REGIONS = (IN_BOX * BOX + IN_MASK * MASK + ON_OTHER * (OTHER & ~MASK)).astype(np.uint8)


def test_a_map_that_is_the_object_is_as_good_as_can_be() -> None:
    found = localised(MASK[None], REGIONS[None])
    for name in ("pointing_game_box", "pointing_game_mask", "energy_box", "energy_mask"):
        assert found[name] == [1], name
    assert found["odi_other"] == [0]


def test_a_uniform_map_has_the_areas() -> None:
    """A trace of noise, since a constant map points at nothing."""
    uniform = np.ones((20, 20)) + 1e-6 * np.eye(20)
    found = localised(np.stack([uniform, np.ones((20, 20))]), np.stack([REGIONS] * 2))
    for part, area in {"box": 100 / 400, "mask": 16 / 400, "other": 64 / 80}.items():
        np.testing.assert_allclose(found[f"area_{part}"], area)
        energy = found["odi_other" if part == "other" else f"energy_{part}"]
        np.testing.assert_allclose(energy, area, rtol=1e-5)
    assert found["pointing_game_box"][0] == 10 / 20  # of the diagonal
    assert np.isnan(found["pointing_game_box"][1]) and np.isnan(found["pointing_game_mask"][1])


def test_energy_on_other_objects_is_a_share_of_that_on_any() -> None:
    """3 in the object, 1 on the other, 6 elsewhere, and negative values that count nothing."""
    values = np.zeros((20, 20))
    values[4, 4], values[15, 15], values[0, 0], values[5, 5] = 3, 1, 6, -9
    found = localised(values[None], REGIONS[None])
    assert found["odi_other"] == [0.25]
    assert found["energy_box"] == found["energy_mask"] == [0.3]
    assert found["pointing_game_box"] == [0]
    nothing = localised(-np.abs(values)[None], REGIONS[None])
    assert np.isnan(nothing["odi_other"]) and np.isnan(nothing["energy_box"])


def test_what_a_box_lacks_leaves_it_out() -> None:
    """No mask: the box takes its place beside others; no others; no object at all."""
    without_mask = (IN_BOX * BOX + ON_OTHER * (OTHER & ~BOX)).astype(np.uint8)
    alone = (IN_BOX * BOX + IN_MASK * MASK).astype(np.uint8)
    where = np.stack([without_mask, alone, np.zeros_like(alone)])
    found = localised(np.stack([BOX, BOX, BOX]) + 0.0, where)
    np.testing.assert_equal(found["energy_box"], [1, 1, np.nan])
    np.testing.assert_equal(found["energy_mask"], [np.nan, 0.16, np.nan])
    np.testing.assert_equal(found["pointing_game_mask"], [np.nan, 0.16, np.nan])
    np.testing.assert_equal(found["odi_other"], [0, np.nan, np.nan])
    np.testing.assert_equal(found["area_mask"], [np.nan, 16 / 400, np.nan])
    np.testing.assert_equal(found["area_other"], [60 / 160, np.nan, np.nan])


def test_regions_are_boxes_masks_and_the_other_objects(tmp_path: Path) -> None:
    """The first object has a mask, of the second no pixel is seen, the third has none in the mask's file."""
    mask = (1 * MASK + 3 * inside((14, 14, 16, 16))).astype(np.uint8)
    objects = [
        SceneObject("red", (2, 2, 12, 12)),
        SceneObject("red", (6.5, 2.6, 10.5, 5.6)),
        SceneObject("blue", (14, 14, 18, 16)),
    ]
    scenes = scene_set(tmp_path / "set", [Scene("a", drawn((20, 20), {}), objects, mask)])
    boxes = pd.DataFrame({"object": [1, 0, 2, 3]})
    found = regions(scenes, "a", boxes)
    second = inside((7, 3, 10, 6))  # pixels whose middle is inside, so neither column 6 nor row 2
    third = inside((14, 14, 16, 16))
    np.testing.assert_array_equal(found[0] & IN_BOX > 0, BOX)
    np.testing.assert_array_equal(found[0] & IN_MASK > 0, MASK)
    np.testing.assert_array_equal(found[0] & ON_OTHER > 0, (second | third) & ~MASK)
    assert (found[1] == 0).all()
    np.testing.assert_array_equal(found[2] & IN_BOX > 0, second)
    assert not (found[2] & IN_MASK).any()
    np.testing.assert_array_equal(found[2] & ON_OTHER > 0, (MASK | third) & ~second)
    np.testing.assert_array_equal(found[3] & IN_BOX > 0, inside((14, 14, 18, 16)))
    np.testing.assert_array_equal(found[3] & IN_MASK > 0, third)


class World:
    """A detector on two pictures, with a map for every box: its own object, or the other one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.detector = folder, toy([LEFT, RIGHT], (32, 40))
        masks = np.zeros((2, 32, 40), np.uint8)
        for row, boxes in enumerate(((LEFT, RIGHT), (RIGHT,))):
            for number, (x0, y0, x1, y1) in enumerate(boxes, 1):
                masks[row, y0:y1, x0:x1] = number
        self.scenes: SceneSet = scene_set(
            folder / "set",
            [
                Scene(
                    "two",
                    drawn((32, 40), {LEFT: "red", RIGHT: "dark red"}),
                    [SceneObject("red", LEFT), SceneObject("red", RIGHT)],
                    masks[0],
                ),
                Scene("none", drawn((32, 40), {}), []),
                Scene("one", drawn((32, 40), {RIGHT: "blue"}), [SceneObject("blue", RIGHT)], masks[1]),
            ],
        )
        found = detect(self.detector, self.scenes, HOW, 0.5, CPU)
        self.boxes = found.boxes
        assert self.boxes["box"].tolist() == ["two-1", "two-2", "one-1"]
        assert self.boxes["object"].tolist() == [1, 2, 1]
        self.boxes.to_csv(folder / "boxes.csv", index=False)
        save_tensors(folder / "boxes.npz", found.tensors, "softmax")
        seen = [masks[0] == 1, masks[0] == 2, masks[1] == 1]
        generator = np.random.default_rng(0)
        kinds = {"odam": seen, "grad_cam": [seen[1], seen[0], seen[2]], "random": [0, 0, 0]}
        for name, maps in kinds.items():
            with maps_writer(folder / f"{name}.npz") as writer:
                for one in maps:
                    writer.add(one + (0.5 if name == "random" else 1e-3) * generator.random((32, 40)))

    def targets(self, score: str = "logit") -> dict[str, BoxTarget]:
        return box_targets(self.folder / "boxes.csv", self.folder / "boxes.npz", score)

    def evaluated(self, metric: str, maps: str, follows: str = "found", **parameters: Any) -> Path:
        out = self.folder / f"{metric}-{maps}-{follows}.npz"
        detector: Detector | None = None if metric == "box_localisation" else self.detector
        evaluate_boxes(
            Settings(metric, parameters, follows, 0, 5),
            detector,
            self.scenes,
            self.boxes,
            self.targets(),
            MapsFile(self.folder / f"{maps}.npz"),
            CPU,
            out,
        )
        return out


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("follows", ["found", "softmax"])
def test_deletion_starts_at_the_full_picture_and_insertion_ends_there(world: World, follows: str) -> None:
    """8 * 8 pixels of 32 * 40 are the object: after a twentieth of the pixels the box is gone."""
    deletion = read_result(world.evaluated("deletion", "odam", follows, steps=20))
    insertion = read_result(world.evaluated("insertion", "odam", follows, steps=20))
    whole = world.boxes["probability"].to_numpy()
    np.testing.assert_allclose(deletion.curves["deletion"][:, 0], whole, rtol=1e-5)
    np.testing.assert_allclose(insertion.curves["insertion"][:, -1], whole, rtol=1e-5)
    empty = 1 / (np.exp(4) + 3)  # black: the background's logit is 4, the others' 0
    np.testing.assert_allclose(deletion.curves["deletion"][:, 1:], empty, rtol=1e-4)
    np.testing.assert_allclose(insertion.curves["insertion"][:, 0], empty, rtol=1e-4)
    np.testing.assert_allclose(insertion.curves["insertion"][:, 1], whole, rtol=1e-5)
    # Where the map is the other object's, the box stays until that is gone.
    wrong = read_result(world.evaluated("deletion", "grad_cam", follows, steps=20))
    np.testing.assert_allclose(wrong.curves["deletion"][:2, 1], whole[:2], rtol=1e-5)
    assert (wrong.values["deletion_auc"][:2] > 5 * deletion.values["deletion_auc"][:2]).all()
    assert deletion.ids.tolist() == world.boxes["box"].tolist()


def test_the_boxes_of_a_picture_are_followed_one_by_one(world: World) -> None:
    """Whatever the batch: each box of a block with its own pictures."""
    two = world.targets()
    first = {"two": BoxTarget(two["two"].ids[1:], two["two"].boxes[1:])}
    with maps_writer(world.folder / "second.npz") as writer:
        writer.add(MapsFile(world.folder / "random.npz").read(1))
    out = world.folder / "second-alone.npz"
    evaluate_boxes(
        Settings("deletion", {"steps": 7}, "found", 0, 3),
        world.detector, world.scenes, world.boxes.iloc[[1]].reset_index(drop=True), first,
        MapsFile(world.folder / "second.npz"), CPU, out,
    )  # fmt: skip
    alone, among = read_result(out), read_result(world.evaluated("deletion", "random", steps=7))
    np.testing.assert_allclose(alone.curves["deletion"][0], among.curves["deletion"][1], rtol=1e-5)


def test_null_maps_are_measured_on_some_boxes(world: World) -> None:
    """A map of the object beats those of other boxes only in what its own object fills; NaN elsewhere."""
    out = world.folder / "nulls.npz"
    for asked, boxes in ((0, 0), (2, 2), (50, 3)):
        evaluate_boxes(
            Settings("box_localisation", {}, "found", 0, 5, null_boxes=asked), None, world.scenes,
            world.boxes, world.targets(), MapsFile(world.folder / "odam.npz"), CPU, out,
        )  # fmt: skip
        found = read_nulls(out)
        assert set(found) == (set(NULLS) if asked else set())
        for kind, own in found.items():
            assert set(own) == {
                "pointing_game_box",
                "pointing_game_mask",
                "energy_box",
                "energy_mask",
                "odi_other",
            }
            known = np.isfinite(own["energy_box"])
            assert known.sum() <= boxes and (kind == "same_class" or known.sum() == boxes)
    # all boxes have one size, so the map of another one's object, moved, is that of this object
    np.testing.assert_allclose(found["any_class"]["energy_mask"], 1, atol=0.1)
    np.testing.assert_array_equal(np.isfinite(found["same_class"]["energy_mask"]), [True, True, False])
    assert read_result(out).values["energy_mask"].min() > 0.9
    files = {"box_localisation": {name: world.evaluated("box_localisation", name) for name in ("random",)}}
    files["box_localisation"]["odam"] = out
    about = {"box_localisation": metrics.about("box_localisation")}
    table = null_table(files, about, {"random"}, 0.95, 0)
    assert set(table["null"]) == {*NULLS, "random"} and set(table["method"]) == {"odam"}


def test_results_make_the_tables_of_every_other_evaluation(world: World) -> None:
    methods = ("odam", "grad_cam", "random")
    files = {
        "box_localisation": {name: world.evaluated("box_localisation", name) for name in methods},
        "deletion": {name: world.evaluated("deletion", name, steps=10) for name in methods},
    }
    about = {name: metrics.about(name) for name in files}
    table = metric_table(files, about, 0.95, 0)
    rows = table.set_index(["quantity", "method"])
    assert rows.loc[("energy_mask", "odam"), "value"] > 0.9 > rows.loc[("energy_mask", "random"), "value"]
    assert rows.loc[("odi_other", "odam"), "n"] == 2 and rows.loc[("odi_other", "odam"), "left_out"] == 1
    assert rows.loc[("odi_other", "grad_cam"), "value"] > 0.9
    assert rows.loc[("energy_mask", "odam"), "chance"] == pytest.approx(64 / 1280)
    assert rows.loc[("odi_other", "odam"), "chance"] == pytest.approx(0.5)
    assert rows.loc[("pointing_game_box", "odam"), "value"] == 1
    pairs = pair_table(files, about, 0.95, 0)
    assert set(pairs["quantity"]) >= {"odi_other", "energy_box", "deletion_auc"}
    ranking = ranking_table(table, pairs, 0.95)
    order = ranking[ranking["quantity"] == "energy_mask"]["method"].tolist()
    assert order[0] == "odam" and set(order) == set(methods)
    curves = curve_table(files, about, 0.95)
    assert curves["curve"].unique().tolist() == ["deletion"] and curves["n"].unique().tolist() == [3]
    assert not agreement_table(table, ["random"]).empty
