"""Street scenes: truth that fits the picture, VOC's layout, and the same bytes for the same seed."""

from __future__ import annotations

import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import VOCDetection, VOCSegmentation
from torchvision.ops import masks_to_boxes

from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.data.classes import GTSRB_CLASSES
from signsight.signs import STREET_ARCHIVES, render_streets, street_archives
from signsight.signs.atlas import Atlas, make_atlas
from signsight.signs.street_archives import voc_palette
from signsight.signs.street_frame import Scene, render_street
from signsight.signs.street_things import Ground, rectangle
from signsight.signs.streets import Layer, Sign, StreetLook, draw_street
from signsight.signs.track import Look, drawn

SCENE = {"width": 160, "height": 120, "fewest": 1, "most": 6, "min_px": 14, "max_px": 60}
SETTINGS = {"training": 20, "test": 6, **SCENE}
LOOK = StreetLook(**SCENE)
BASE = "VOCdevkit/VOC2007"
CLASS_IDS = {sign.name: sign.class_id for sign in GTSRB_CLASSES}


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return make_atlas(1)


@pytest.fixture(scope="module")
def patched(atlas: Atlas) -> Iterator[None]:
    """One atlas for every seed: making it is what takes long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(street_archives, "make_atlas", lambda seed: atlas)
        yield


@pytest.fixture(scope="module")
def folder(patched: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streets")
    render_streets(path, seed=3, **SETTINGS)
    for name in STREET_ARCHIVES:
        with tarfile.open(path / name) as tar:
            tar.extractall(path, filter="data")
    return path


class Read(NamedTuple):
    """A scene as torchvision reads it: (H, W) masks, and the objects of its annotation."""

    picture: Image.Image
    classes: np.ndarray
    instances: np.ndarray
    annotation: dict

    @property
    def objects(self) -> list[dict]:
        return self.annotation["object"]

    @property
    def boxes(self) -> torch.Tensor:
        keys = ("xmin", "ymin", "xmax", "ymax")
        return torch.tensor([[int(o["bndbox"][key]) for key in keys] for o in self.objects])


@pytest.fixture(scope="module")
def scenes(folder: Path) -> list[Read]:
    out = []
    for part in ("trainval", "test"):
        detection = VOCDetection(folder, year="2007", image_set=part)
        segmentation = VOCSegmentation(folder, year="2007", image_set=part)
        assert detection.images == segmentation.images
        for (picture, tree), (_, classes) in zip(detection, segmentation, strict=True):
            annotation = tree["annotation"]
            stem = annotation["filename"].removesuffix(".jpg")
            instances = Image.open(folder / BASE / "SegmentationObject" / f"{stem}.png")
            assert (instances.mode, classes.mode) == ("P", "P")
            assert instances.getpalette() == classes.getpalette() == list(voc_palette())
            out.append(Read(picture, np.asarray(classes), np.asarray(instances), annotation))
    return out


def test_members_and_lists_are_named_as_in_voc(folder: Path) -> None:
    stems = {"trainval": [f"{k:06d}" for k in range(1, 21)], "test": [f"{k:06d}" for k in range(21, 27)]}
    for (part, numbers), archive in zip(stems.items(), STREET_ARCHIVES, strict=True):
        with tarfile.open(folder / archive) as tar:
            names = tar.getnames()
        lists = ["train", "val", "trainval"] if part == "trainval" else ["test"]
        kinds = (
            ("JPEGImages", "jpg"),
            ("Annotations", "xml"),
            ("SegmentationObject", "png"),
            ("SegmentationClass", "png"),
        )
        assert sorted(names) == sorted(
            [f"{BASE}/{place}/{stem}.{end}" for place, end in kinds for stem in numbers]
            + [f"{BASE}/ImageSets/{kind}/{name}.txt" for kind in ("Main", "Segmentation") for name in lists]
        )
        assert (folder / BASE / f"ImageSets/Main/{part}.txt").read_text().split() == numbers
    train, val = ((folder / BASE / f"ImageSets/Main/{n}.txt").read_text().split() for n in ("train", "val"))
    assert len(val) == 2
    assert sorted(train + val) == stems["trainval"]


def test_annotations_describe_their_pictures(scenes: list[Read]) -> None:
    for scene in scenes:
        size = scene.annotation["size"]
        assert scene.picture.size == (int(size["width"]), int(size["height"])) == (160, 120)
        assert scene.instances.shape == scene.classes.shape == (120, 160)
        assert 1 <= len(scene.objects) <= 6
        for thing in scene.objects:
            assert list(thing) == ["name", "pose", "truncated", "occluded", "difficult", "bndbox"]
            assert {thing[key] for key in ("truncated", "occluded", "difficult")} <= {"0", "1"}


def test_boxes_are_the_tight_boxes_of_the_instances(scenes: list[Read]) -> None:
    for scene in scenes:
        numbers = np.arange(1, len(scene.objects) + 1)
        assert np.array_equal(np.unique(scene.instances), [0, *numbers])
        masks = torch.from_numpy(scene.instances == numbers[:, None, None])
        assert torch.equal(masks_to_boxes(masks).long() + 1, scene.boxes)


def test_class_masks_have_the_classes_of_the_objects(scenes: list[Read]) -> None:
    for scene in scenes:
        values = np.array([0] + [CLASS_IDS[thing["name"]] + 1 for thing in scene.objects])
        assert np.array_equal(scene.classes, values[scene.instances])


def test_signs_are_near_and_far_cut_hidden_and_before_one_another(scenes: list[Read]) -> None:
    things = [thing for scene in scenes for thing in scene.objects]
    for key in ("truncated", "occluded", "difficult"):
        assert {thing[key] for thing in things} == {"0", "1"}
    boxes = torch.cat([scene.boxes for scene in scenes])
    sides = (boxes[:, 2:] - boxes[:, :2] + 1).max(1).values
    whole = torch.tensor([thing["truncated"] + thing["occluded"] == "00" for thing in things])
    assert 13 <= sides[whole].min() < 18
    assert 50 < sides[whole].max() <= 61
    pairs = [(a, b) for scene in scenes for a, b in itertools.combinations(scene.boxes, 2)]
    common = [(torch.minimum(a, b)[2:] - torch.maximum(a, b)[:2] + 1).clamp(min=0).prod() for a, b in pairs]
    assert any(area > 40 for area in common)


def sign(class_id: int, x: float, y: float, px: float) -> Sign:
    """A plain sign seen from the front."""
    track = drawn(np.random.default_rng(0), class_id, Look(14, 60), 1, 1)
    return Sign(replace(track, yaw=0, pitch=0, roll=0, occluder=None), x, y, px)


def seen(atlas: Atlas, *layers: Layer) -> Scene:
    """These layers, far to near, in a picture of 160 x 120."""
    street = draw_street(1, "test", 0, LOOK, atlas)
    return render_street(replace(street, layers=layers), atlas, np.random.default_rng(0))


def test_a_free_disc_has_the_box_and_area_of_a_circle(atlas: Atlas) -> None:
    scene = seen(atlas, sign(1, 60, 50, 40))
    (disc,) = scene.signs
    assert np.abs(np.subtract(disc.box, (40, 30, 79, 69))).max() <= 1
    assert (scene.instances == 1).sum() == pytest.approx(np.pi * 400, rel=0.02)
    assert not (disc.truncated or disc.occluded or disc.difficult)


@pytest.mark.parametrize(
    ("x", "covered", "flags", "share"),
    [
        (60, 0.5, (False, True, False), 0.5),
        (60, 0.8, (False, True, True), 0.142),
        (0, 0, (True, False, False), 0.5),
        (-10, 0, (True, False, True), 0.196),
        (160, 0.3, (True, True, True), 0.252),
    ],
)
def test_what_is_hidden_or_cut_is_told(
    atlas: Atlas, x: float, covered: float, flags: tuple[bool, ...], share: float
) -> None:
    edge = x - 20 + 40 * covered
    scene = seen(atlas, sign(1, x, 50, 40), rectangle(x - 25, 20, edge - 0.5, 80, (90, 90, 90)))
    (disc,) = scene.signs
    assert (disc.truncated, disc.occluded, disc.difficult) == flags
    assert (scene.instances == 1).sum() / (np.pi * 400) == pytest.approx(share, abs=0.04)


def test_a_sign_before_another_takes_its_pixels_and_a_hidden_one_is_left_out(atlas: Atlas) -> None:
    scene = seen(atlas, sign(14, 50, 50, 16), sign(35, 80, 50, 40), sign(1, 50, 50, 40))
    assert [thing.class_id for thing in scene.signs] == [1, 35]  # the nearest first
    assert [thing.occluded for thing in scene.signs] == [False, True]
    assert scene.signs[1].box[0] > 60
    assert set(np.unique(scene.instances)) == {0, 1, 2}


def test_a_very_small_sign_is_difficult(atlas: Atlas) -> None:
    (small,) = seen(atlas, sign(1, 50, 50, 7)).signs
    assert small.difficult


def test_pictures_change_where_the_masks_are_and_nowhere_else(atlas: Atlas) -> None:
    changes, strays = [], []
    for number in range(8):
        street = draw_street(5, "test", number, LOOK, atlas)
        plain = [
            replace(layer, track=replace(layer.track, occluder=None)) if isinstance(layer, Sign) else layer
            for layer in street.layers
        ]
        clear = replace(street, optics=street.optics._replace(shake=(0.0, 0.0)))
        with_signs = replace(clear, layers=tuple(plain))
        without = replace(clear, layers=tuple(layer for layer in plain if not isinstance(layer, Sign)))
        pictures = [render_street(s, atlas, generator(5, "grain")) for s in (with_signs, without)]
        a, b = (np.asarray(scene.picture).astype(int) for scene in pictures)
        changed = np.abs(a - b).max(-1) > 0
        mask = pictures[0].instances > 0
        reach = [np.roll(mask, (dy, dx), (0, 1)) for dy in range(-5, 6) for dx in range(-5, 6)]
        strays.append((changed & ~np.any(reach, 0)).sum() / changed.sum())
        changes.append(changed[mask].mean())
    # A stray pixel: of a sign's rim, less than half covered, next to what hides the sign.
    assert np.max(strays) < 0.01
    assert np.mean(changes) > 0.9


def test_posts_stand_beside_the_road() -> None:
    ground = Ground((200, 100), 50, 100, 100, 80, ())
    assert ground.foot(10) == 72
    half = 80 * 22 / 50 + 3
    assert ground.beside_road(90, 10) == pytest.approx(100 - half)
    assert ground.beside_road(170, 10) == 170
    assert ground.beside_road(90, 30) == 90  # its foot is below the picture


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path, workers: int) -> None:
    paths = render_streets(tmp_path, seed=3, workers=workers, **SETTINGS)
    assert [path.name for path in paths] == list(STREET_ARCHIVES)
    for path in paths:
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_another_seed_gives_other_pictures_and_more_scenes_leave_the_first_as_they_were(
    folder: Path, tmp_path: Path
) -> None:
    few = {**SETTINGS, "training": 3, "test": 2}
    for seed, same in ((3, True), (4, False)):
        render_streets(tmp_path / str(seed), seed=seed, **few)
        for name, number, place in ((STREET_ARCHIVES[0], 3, 3), (STREET_ARCHIVES[1], 4, 21)):
            with tarfile.open(tmp_path / str(seed) / name) as tar:
                member = tar.extractfile(f"{BASE}/JPEGImages/{number:06d}.jpg")
                assert member is not None
                before = (folder / BASE / f"JPEGImages/{place:06d}.jpg").read_bytes()
                assert (member.read() == before) == same


def test_the_palette_is_vocs() -> None:
    colours = np.frombuffer(voc_palette(), np.uint8).reshape(256, 3)
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 4: (0, 0, 128), 8: (64, 0, 0)}
    known |= {15: (192, 128, 128), 20: (0, 64, 128), 255: (224, 224, 192)}
    for number, colour in known.items():
        assert tuple(colours[number]) == colour


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training", 1),
        ("test", 0),
        ("width", 10),
        ("height", 5000),
        ("fewest", 0),
        ("fewest", 7),
        ("most", 21),
        ("min_px", 4),
        ("min_px", 61),
        ("max_px", 121),
        ("max_px", 5),
        ("jpeg", (90, 50)),
        ("validation", 0.0),
        ("validation", 0.9),
    ],
)
def test_settings_out_of_range_are_refused_by_their_key(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(UserError, match=rf"detection\.scenes\.{key} is"):
        render_streets(tmp_path, **{"seed": 1, **SETTINGS, key: value})
    assert not list(tmp_path.iterdir())
