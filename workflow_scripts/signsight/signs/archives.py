"""The data set `signs` as archives of GTSRB's names and layout, with masks as a fourth archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.rng import generator
from signsight.data.archives import TEST_IMAGES, TEST_TRUTH, TRAINING_IMAGES, TRUTH_MASKS
from signsight.data.classes import GTSRB_CLASSES
from signsight.signs.atlas import Atlas, make_atlas
from signsight.signs.frame import Frame, render_frame
from signsight.signs.pool import in_order
from signsight.signs.track import Look, Part, draw_track

ARCHIVES = (TRAINING_IMAGES, TEST_IMAGES, TEST_TRUTH, TRUTH_MASKS)

_COLUMNS = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2"


class _Picture(NamedTuple):
    """A rendered frame as it goes into the archives; `box` is Width;Height;ROI of its CSV row."""

    ppm: bytes
    mask: bytes
    box: str


@dataclass(frozen=True)
class _Task:
    """The frames `frames` of one track of `total` frames."""

    part: Part
    class_id: int
    number: int
    frames: tuple[int, ...]
    total: int


class _Maker(NamedTuple):
    """What every task needs."""

    seed: int
    look: Look
    atlas: Atlas


def render_archives(
    folder: Path | str,
    *,
    seed: int,
    tracks_per_class: int,
    frames_per_track: int,
    test_per_class: int,
    min_px: int,
    max_px: int,
    jpeg: tuple[int, int] = (60, 95),
    occlusion: float = 0.05,
    workers: int = 1,
) -> list[Path]:
    """Render the data set `signs` into `folder` and return the paths of its four archives.

    Training: `tracks_per_class` signs of each of the 43 classes in `frames_per_track` frames that
    come closer; test: `test_per_class` other signs of each class, one frame each, shuffled.
    min_px, max_px: width of the sign in pixels (see `Look`); jpeg: lowest and highest quality;
    occlusion: share of signs with something before them. Three archives have GTSRB's names,
    members and columns; the fourth, `GTSRB_Truth_Masks.zip`, has an 8-bit grey PNG for every image
    (`GTSRB/Final_Training/Masks/000NN/TTTTT_FFFFF.png`, `GTSRB/Final_Test/Masks/NNNNN.png`) with
    0 = background and whatever covers the sign, 1 = sign, 2 = symbol.
    The bytes depend on the settings and the seed, not on `workers` (processes).
    UserError when a setting is out of its range.
    """
    look = Look(min_px, max_px, jpeg, occlusion)
    _check(look, tracks_per_class, frames_per_track, test_per_class)
    maker = _Maker(seed, look, make_atlas(seed))
    folder = Path(folder)
    with ExitStack() as stack:
        zips = {
            name: stack.enter_context(zipfile.ZipFile(stack.enter_context(atomic(folder / name)), "w"))
            for name in ARCHIVES
        }
        tasks = _training_tasks(tracks_per_class, frames_per_track)
        tests = _test_tasks(seed, test_per_class, frames_per_track)
        made = stack.enter_context(in_order(partial(_render, maker), [*tasks, *tests], workers))
        _write_training(zips, tasks, made)
        _write_test(zips, tests, made)
    return [folder / name for name in ARCHIVES]


def _check(look: Look, tracks: int, frames: int, tests: int) -> None:
    sizes = {"tracks_per_class": tracks, "frames_per_track": frames, "test_per_class": tests}
    for name, value in sizes.items():
        if not 1 <= value <= 99999:
            raise UserError(f"signs: {name} is {value}; give a number from 1 to 99999.")
    if not 12 <= look.min_px <= look.max_px <= 512:
        raise UserError(
            f"signs: min_px {look.min_px} and max_px {look.max_px} must be in order and within 12..512."
        )
    if not 10 <= look.jpeg[0] <= look.jpeg[1] <= 100:
        raise UserError(f"signs: jpeg is {look.jpeg}; give two qualities in order within 10..100.")
    if not 0 <= look.occlusion <= 1:
        raise UserError(f"signs: occlusion is {look.occlusion}; give a share from 0 to 1.")


def _training_tasks(tracks: int, frames: int) -> list[_Task]:
    """One task a track, in the order of the archive."""
    every = tuple(range(frames))
    return [
        _Task("train", sign.class_id, number, every, frames)
        for sign in GTSRB_CLASSES
        for number in range(tracks)
    ]


def _test_tasks(seed: int, count: int, frames: int) -> list[_Task]:
    """One task an image: one frame, at random, of a track of its own; classes shuffled."""
    # A frame drawn from many, so that the sizes do not depend on the length of training tracks.
    total = max(frames, 30)
    tasks = [
        _Task("test", sign.class_id, number, (int(frame),), total)
        for sign in GTSRB_CLASSES
        for number, frame in enumerate(
            generator(seed, "test frames", sign.class_id).integers(0, total, count)
        )
    ]
    order = generator(seed, "test order").permutation(len(tasks))
    return [tasks[k] for k in order]


def _render(maker: _Maker, task: _Task) -> list[_Picture]:
    atlas = maker.atlas
    track = draw_track(
        maker.seed,
        task.part,
        task.class_id,
        task.number,
        maker.look,
        len(atlas.scenes),
        len(atlas.shadows),
    )
    pictures = []
    for frame in task.frames:
        step = frame / max(task.total - 1, 1)
        rng = generator(maker.seed, "frame", task.part, task.class_id, task.number, frame)
        pictures.append(_encode(render_frame(track, atlas, step, rng)))
    return pictures


def _encode(frame: Frame) -> _Picture:
    height, width = frame.mask.shape
    ppm = b"P6\n%d %d\n255\n" % (width, height) + frame.rgb.tobytes()
    buffer = io.BytesIO()
    Image.fromarray(frame.mask).save(buffer, "PNG", compress_level=1)
    box = ";".join(str(value) for value in (width, height, *frame.roi))
    return _Picture(ppm, buffer.getvalue(), box)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a member whose header does not depend on the clock or the system; only text is packed."""
    member = zipfile.ZipInfo(name, (2010, 1, 1, 0, 0, 0))
    member.create_system, member.external_attr = 3, 0o644 << 16
    member.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".csv") else zipfile.ZIP_STORED
    archive.writestr(member, content)


def _csv(header: str, rows: Iterable[str]) -> bytes:
    return "".join(f"{row}\r\n" for row in (header, *rows)).encode()


def _write_training(
    zips: dict[str, zipfile.ZipFile], tasks: list[_Task], made: Iterator[list[_Picture]]
) -> None:
    rows: list[str] = []
    for task, following in zip(tasks, [*tasks[1:], None], strict=True):
        place = f"{task.class_id:05d}"
        for frame, picture in zip(task.frames, next(made), strict=True):
            stem = f"{task.number:05d}_{frame:05d}"
            base = "GTSRB/Final_Training"
            _add(zips[TRAINING_IMAGES], f"{base}/Images/{place}/{stem}.ppm", picture.ppm)
            _add(zips[TRUTH_MASKS], f"{base}/Masks/{place}/{stem}.png", picture.mask)
            rows.append(f"{stem}.ppm;{picture.box};{task.class_id}")
        if following is None or following.class_id != task.class_id:
            name = f"GTSRB/Final_Training/Images/{place}/GT-{place}.csv"
            _add(zips[TRAINING_IMAGES], name, _csv(f"{_COLUMNS};ClassId", rows))
            rows.clear()


def _write_test(zips: dict[str, zipfile.ZipFile], tasks: list[_Task], made: Iterator[list[_Picture]]) -> None:
    rows: list[str] = []
    for number, _ in enumerate(tasks):
        (picture,) = next(made)
        base = "GTSRB/Final_Test"
        _add(zips[TEST_IMAGES], f"{base}/Images/{number:05d}.ppm", picture.ppm)
        _add(zips[TRUTH_MASKS], f"{base}/Masks/{number:05d}.png", picture.mask)
        rows.append(f"{number:05d}.ppm;{picture.box}")
    name = "GTSRB/Final_Test/Images/GT-final_test.test.csv"
    _add(zips[TEST_IMAGES], name, _csv(_COLUMNS, rows))
    labelled = [f"{row};{task.class_id}" for row, task in zip(rows, tasks, strict=True)]
    _add(zips[TEST_TRUTH], "GT-final_test.csv", _csv(f"{_COLUMNS};ClassId", labelled))
