"""The picture of a street scene, with the instance mask and the box of every sign that is seen."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from signsight.signs.atlas import Atlas
from signsight.signs.frame import (
    apply,
    expose,
    in_light,
    level_for,
    lit_sign,
    photograph,
    posed,
    template,
    warp,
)
from signsight.signs.street_things import Patch
from signsight.signs.streets import Sign, Street

OCCLUDED = 0.05  # more than this share of what lies in the picture is hidden
DIFFICULT_SHARE = 0.3  # less than this share of the sign is seen
DIFFICULT_SIDE = 8  # pixels: a side of what is seen is shorter

_OTHER = np.array([0] + [255] * 255, np.uint8)  # a template's mask to that of its sign


class Seen(NamedTuple):
    """One sign as seen; box (x0, y0, x1, y1) in pixels from 0, the last ones belong to it.

    truncated: the border cuts it. occluded: more than OCCLUDED of what lies in the picture is
    hidden. difficult: less than DIFFICULT_SHARE of the whole sign is seen, or less than
    DIFFICULT_SIDE pixels along a side.
    """

    class_id: int
    box: tuple[int, int, int, int]
    truncated: bool
    occluded: bool
    difficult: bool


class Scene(NamedTuple):
    """picture: RGB, before JPEG; instances (H, W) uint8: 0, or 1 + the index in `signs`."""

    picture: Image.Image
    instances: np.ndarray
    signs: tuple[Seen, ...]


class _Areas(NamedTuple):
    """Pixels of a sign as if nothing hid it: all, and those within the picture."""

    whole: int
    inside: int


def render_street(street: Street, atlas: Atlas, rng: np.random.Generator) -> Scene:
    """The picture of a plan; `rng` is for the grain. Signs of which nothing is seen are left out."""
    picture = _background(street, atlas, rng)
    labels = Image.new("L", picture.size)
    pens = ImageDraw.Draw(picture), ImageDraw.Draw(labels)
    drawn: list[tuple[int, _Areas]] = []
    for layer in street.layers:
        if isinstance(layer, Patch):
            _draw(pens, layer)
        else:
            areas = _paste(layer, atlas, picture, labels, len(drawn) + 1)
            drawn.append((layer.track.class_id, areas))
    instances, signs = _seen(np.asarray(labels), drawn)
    return Scene(photograph(picture, street.optics, atlas, rng), instances, signs)


def _background(street: Street, atlas: Atlas, rng: np.random.Generator) -> Image.Image:
    """The scene above the horizon, the ground below it, in their light."""
    width, height = street.ground.size
    horizon = math.ceil(street.ground.horizon)
    picture = Image.new("RGB", (width, height))
    piece = atlas.scenes[street.scene].resize((width, horizon), Image.Resampling.BILINEAR, box=street.window)
    if street.flip:
        piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture.paste(piece, (0, 0))
    pen = ImageDraw.Draw(picture)
    for patch in street.ground.patches:
        pen.polygon(patch.outline, fill=patch.fill)
    # Coarse across and fine along the line of sight, as rough ground looks from low above it.
    y, x = (int(v) for v in rng.integers(0, 64, 2))
    rough = atlas.grain[y : y + (height - horizon) // 2 + 2, x : x + width // 5 + 2, 0]
    texture = Image.fromarray(rough).resize((width, height - horizon), Image.Resampling.BICUBIC)
    pixels = np.asarray(picture, np.float32)
    pixels[horizon:] *= 1 + 0.07 * np.asarray(texture)[..., None]
    rough_picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return expose(rough_picture, street.scene_light, street.gamma)


def _draw(pens: tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw], patch: Patch) -> None:
    """A patch over picture and labels."""
    picture, labels = pens
    picture.polygon(patch.outline, fill=patch.fill, outline=patch.edge)
    labels.polygon(patch.outline, fill=0)


def _paste(sign: Sign, atlas: Atlas, picture: Image.Image, labels: Image.Image, number: int) -> _Areas:
    """A sign, and what lies on it, over picture and labels."""
    track, plan = sign.track, template(sign.track.class_id)
    matrix, low, extent = posed(track, plan.outline)
    scale = sign.px / extent.max()
    half = scale * extent / 2
    left, top = (math.floor(v) - 2 for v in (sign.x - half[0], sign.y - half[1]))
    size = math.ceil(2 * half[0]) + 5, math.ceil(2 * half[1]) + 5
    shift = np.array([sign.x - left, sign.y - top]) - half - scale * low
    here = np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1]]) @ matrix
    warped = warp(here, size, level_for(plan, sign.px))
    mask = Image.fromarray(_OTHER[np.asarray(warp(here, size, plan.mask, nearest=True))])
    picture.paste(lit_sign(track, atlas, warped.convert("RGB")), (left, top), warped.getchannel(3))
    labels.paste(number, (left, top), mask)
    if track.occluder is not None:
        points = apply(here, np.array(track.occluder.outline)).tolist()
        path = tuple((left + x, top + y) for x, y in points)
        litter = Patch(path, in_light(track.sign_light, track.occluder.colour))
        _draw((ImageDraw.Draw(picture), ImageDraw.Draw(labels)), litter)
    pixels = np.asarray(mask) > 0
    x0, y0 = max(-left, 0), max(-top, 0)
    within = pixels[y0 : max(labels.height - top, 0), x0 : max(labels.width - left, 0)]
    return _Areas(int(pixels.sum()), int(within.sum()))


def _seen(labels: np.ndarray, drawn: list[tuple[int, _Areas]]) -> tuple[np.ndarray, tuple[Seen, ...]]:
    """Instance numbers and truth of the signs that are seen, the nearest first."""
    numbers, signs = np.zeros(256, np.uint8), list[Seen]()
    for label, (class_id, areas) in reversed(list(enumerate(drawn, 1))):
        mine = labels == label
        rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
        if not len(rows):
            continue
        area = int(mine.sum())
        box = int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
        short = min(box[2] - box[0], box[3] - box[1]) + 1 < DIFFICULT_SIDE
        signs.append(
            Seen(
                class_id,
                box,
                truncated=areas.inside < areas.whole,
                occluded=area < (1 - OCCLUDED) * areas.inside,
                difficult=short or area < DIFFICULT_SHARE * areas.whole,
            )
        )
        numbers[label] = len(signs)
    return numbers[labels], tuple(signs)
