"""One frame of a track: the sign on its background, seen by a camera."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from signsight.data.classes import GTSRB_CLASSES
from signsight.signs.atlas import GRAIN, SCENE, SHADOW, Atlas, Rgb
from signsight.signs.pen import UNITS, WHITE
from signsight.signs.plates import outline
from signsight.signs.stock import drawing
from signsight.signs.track import Track, Triple

_TEMPLATE = 256  # pixels across the sign
_PAD = 16  # clear pixels around it
_BILINEAR = Image.Resampling.BILINEAR
_RAMP = np.linspace(0, 1, 256)


class Frame(NamedTuple):
    """rgb (H, W, 3) uint8, mask (H, W) uint8 of 0/1/2 as seen, roi (X1, Y1, X2, Y2) as GTSRB's."""

    rgb: np.ndarray
    mask: np.ndarray
    roi: tuple[int, int, int, int]


@dataclass(frozen=True)
class Template:
    """A sign to be warped: `levels` are RGBX pictures (X = coverage), each 3/4 of the one before."""

    levels: tuple[Image.Image, ...]
    mask: Image.Image
    outline: np.ndarray


@cache
def template(class_id: int) -> Template:
    """The template of a class, made once a process."""
    made = drawing(class_id, _TEMPLATE, WHITE.colour)
    pad = ((_PAD, _PAD), (_PAD, _PAD))
    bands = [np.pad(made.rgb[..., k], pad, constant_values=WHITE.colour[k]) for k in range(3)] + [
        np.pad(made.alpha, pad)
    ]
    full = _rgbx(np.stack(bands, -1))
    side, levels = full.width, [full]
    while side > 20:
        side = round(side * 0.75)
        levels.append(full.resize((side, side), Image.Resampling.BOX))
    points = np.array(outline(GTSRB_CLASSES[class_id].shape)) / UNITS - 0.5
    return Template(tuple(levels), Image.fromarray(np.pad(made.mask, pad)), points)


def _rgbx(pixels: np.ndarray) -> Image.Image:
    """An image of four independent bands; as RGBA, Pillow would multiply by the last one."""
    height, width = pixels.shape[:2]
    return Image.frombytes("RGBX", (width, height), pixels.tobytes())


def _rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Turn about the vertical, then the horizontal, then the viewing axis; degrees."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (yaw, pitch, roll)
    )
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A homography (3, 3) on points (N, 2)."""
    out = points @ matrix[:, :2].T + matrix[:, 2]
    return out[:, :2] / out[:, 2:]


def posed(
    track: Track, points: np.ndarray, wobble: Sequence[float] = (0.0, 0.0, 0.0)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sign of `track` before a camera, `wobble` (yaw, pitch, roll; degrees) added to its pose.

    Returns the homography (3, 3) from sign widths to the unscaled picture, and there the least
    corner (2,) and the extent (2,) of the outline `points` (N, 2).
    """
    turn = _rotation(track.yaw + wobble[0], track.pitch + wobble[1], track.roll + wobble[2])
    matrix = np.column_stack([turn[:, :2], (0.0, 0.0, track.distance)])
    seen = apply(matrix, points)
    return matrix, seen.min(0), np.ptp(seen, axis=0)


class View(NamedTuple):
    """matrix (3, 3): sign widths from the sign's middle -> pixels; size (W, H); roi; sign width."""

    matrix: np.ndarray
    size: tuple[int, int]
    roi: tuple[int, int, int, int]
    px: float


def place(track: Track, points: np.ndarray, step: float, rng: np.random.Generator) -> View:
    """Where the sign with outline `points` lies in the frame, with GTSRB's border around it."""
    matrix, low, extent = posed(track, points, rng.normal(0, (1.2, 0.8, 0.6)))
    px = track.width_at(step)
    scale = px / extent.max()
    # As in GTSRB, the ROI's last column and row belong to it, the sign lies about one pixel inside
    # its ROI, and the border is one pixel narrower on the right and below.
    sides = [max(round(scale * side), 2) for side in extent]
    margins = [max(5, round(0.1 * side)) for side in sides]
    off = rng.uniform(-0.012, 0.012, 2) * px
    shift = np.array(margins) + 1 + off - scale * low + (sides - scale * extent) / 2
    to_pixels = np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1]])
    x2, y2 = (side + margin + 1 for side, margin in zip(sides, margins, strict=True))
    roi = (margins[0], margins[1], x2, y2)
    width, height = x2 + margins[0], y2 + margins[1]
    return View(to_pixels @ matrix, (width, height), roi, px)


def level_for(plan: Template, px: float) -> Image.Image:
    """The smallest level still finer than a sign of `px` pixels, so that the warp only shrinks a bit."""
    need = px * (_TEMPLATE + 2 * _PAD) / _TEMPLATE
    return next(image for image in reversed(plan.levels) if image.width >= need or image.width > 280)


def warp(matrix: np.ndarray, size: tuple[int, int], image: Image.Image, nearest: bool = False) -> Image.Image:
    """A template level in a picture of `size`, under the homography from sign widths to pixels."""
    scale = image.width * _TEMPLATE / (_TEMPLATE + 2 * _PAD)
    to_level = np.array([[scale, 0, image.width / 2], [0, scale, image.width / 2], [0, 0, 1]])
    inverse = to_level @ np.linalg.inv(matrix)
    data = tuple((inverse / inverse[2, 2]).ravel()[:8].tolist())
    how = Image.Resampling.NEAREST if nearest else _BILINEAR
    return image.transform(size, Image.Transform.PERSPECTIVE, data, how)


def _background(track: Track, atlas: Atlas, view: View, step: float) -> Image.Image:
    """A piece of the scene; it grows more slowly than the sign, being farther away."""
    zoom = track.zoom * (track.last_px / view.px) ** 0.5
    width, height = (min(side * zoom, SCENE) for side in view.size)
    left = min(max(track.window[0] - width / 2 + 6 * step, 0), SCENE - width)
    top = min(max(track.window[1] - height / 2, 0), SCENE - height)
    box = (left, top, left + width, top + height)
    piece = atlas.scenes[track.scene].resize(view.size, _BILINEAR, box=box)
    if track.flip:
        piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    piece = expose(piece, track.scene_light, track.gamma)
    _furniture(track, view, ImageDraw.Draw(piece))
    return piece


_BELOW = {
    "plate": (232, 232, 228),
    "yellow": (236, 190, 40),
    "red": (180, 28, 30),
    "blue": (24, 80, 160),
}


def _furniture(track: Track, view: View, pen: ImageDraw.ImageDraw) -> None:
    """The pole behind the sign and what hangs under it: a plate, or the top of another sign."""
    (x, y, x2, y2), height = view.roi, view.size[1]
    if track.pole is not None:
        offset, thick, grey = track.pole
        middle, half = (x + x2) / 2 + offset * view.px, max(thick * view.px / 2, 0.6)
        colour = in_light(track.sign_light, (grey, grey, grey))
        pen.rectangle((middle - half, (y + y2) / 2, middle + half, height), fill=colour)
    if not track.below:
        return
    top = y2 + 0.03 * view.px
    fill, white = in_light(track.sign_light, _BELOW[track.below]), in_light(track.sign_light, WHITE.colour)
    if track.below in ("red", "blue"):
        pen.ellipse((x, top, x2, top + view.px), fill=fill, outline=white)
    else:
        pen.rectangle((x, top, x2, height + 9), fill=fill, outline=in_light(track.sign_light, (30, 30, 30)))


def in_light(gains: Triple, colour: Rgb) -> Rgb:
    """A colour under light of these gains of red, green and blue."""
    r, g, b = (min(255, round(part * gain)) for part, gain in zip(colour, gains, strict=True))
    return r, g, b


def expose(picture: Image.Image, gains: Triple, gamma: float) -> Image.Image:
    """An RGB picture under gains of its channels and a gamma."""
    pixels = np.asarray(picture)
    out = np.empty_like(pixels)
    for channel, gain in enumerate(gains):
        table = np.clip(255 * gain * _RAMP**gamma + 0.5, 0, 255).astype(np.uint8)
        out[..., channel] = table[pixels[..., channel]]
    return Image.fromarray(out)


def lit_sign(track: Track, atlas: Atlas, sign: Image.Image) -> Image.Image:
    """The sign's colours after bleaching, light, gradient and cast shadow; RGB."""
    if track.fade:
        f = track.fade
        bleach = (1 - 0.2 * f, 0.1 * f, 0, 12 * f, 0.3 * f, 1 - 0.3 * f, 0, 12 * f)
        sign = sign.convert("RGB", (*bleach, 0.2 * f, 0.2 * f, 1 - 0.4 * f, 12 * f))
    sign = expose(sign, track.sign_light, track.gamma)
    width, height = sign.size
    across = track.gradient[0] * np.linspace(-2, 2, width, dtype=np.float32)
    down = track.gradient[1] * np.linspace(-2, 2, height, dtype=np.float32)
    light = across + down[:, None]
    light += 1 - light.max()
    if track.shade >= 0:
        left, top = (0.5 * SHADOW * at for at in track.shade_at)
        box = (left, top, left + SHADOW / 2, top + SHADOW / 2)
        shadow = atlas.shadows[track.shade].resize(sign.size, _BILINEAR, box=box)
        light *= np.asarray(shadow, np.float32) * (1 / 255)
    grey = Image.fromarray((255 * np.maximum(light, 0.3)).astype(np.uint8))
    return ImageChops.multiply(sign, Image.merge("RGB", (grey, grey, grey)))


def _smear(picture: Image.Image, dx: float, dy: float) -> np.ndarray:
    """Motion blur by (dx, dy) pixels: the mean of shifted copies; (H, W, 3) float32."""
    pixels = np.asarray(picture)
    copies = min(math.ceil(max(abs(dx), abs(dy))) + 1, 7)
    if copies < 2:
        return pixels.astype(np.float32)
    rx, ry = math.ceil(abs(dx) / 2), math.ceil(abs(dy) / 2)
    wide = np.pad(pixels, ((ry, ry), (rx, rx), (0, 0)), mode="edge")
    total = np.zeros(pixels.shape, np.uint16)
    height, width = pixels.shape[:2]
    for k in range(copies):
        t = k / (copies - 1) - 0.5
        y, x = ry + round(t * dy), rx + round(t * dx)
        total += wide[y : y + height, x : x + width]
    return total.astype(np.float32) * np.float32(1 / copies)


class Optics(NamedTuple):
    """What a camera does to a picture.

    blur: standard deviation in pixels. shake: motion in pixels (x, y). exposure: gain. veil: grey
    level that haze adds. grain: standard deviation of the noise, 0..255.
    """

    blur: float
    shake: tuple[float, float]
    exposure: float
    veil: float
    grain: float


def photograph(picture: Image.Image, optics: Optics, atlas: Atlas, rng: np.random.Generator) -> Image.Image:
    """An RGB picture through focus, motion, haze and grain; `rng` says which piece of the grain."""
    pixels = _smear(picture.filter(ImageFilter.GaussianBlur(optics.blur)), *optics.shake)
    pixels *= optics.exposure
    pixels += optics.veil
    y, x = (int(v) for v in rng.integers(0, GRAIN // 2, 2))
    height, width = pixels.shape[:2]
    grain = np.take(atlas.grain, range(y, y + height), 0, mode="wrap")
    pixels += optics.grain * np.take(grain, range(x, x + width), 1, mode="wrap")
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _camera(
    track: Track, atlas: Atlas, view: View, picture: Image.Image, rng: np.random.Generator
) -> np.ndarray:
    """Focus, motion, haze, grain and JPEG; (H, W, 3) uint8."""
    radius = (track.blur * rng.uniform(0.6, 1.4) / 100) * view.px
    dx, dy = (part / 100 * view.px * rng.uniform(0.5, 1.2) for part in track.shake)
    optics = Optics(
        blur=min(max(radius, 0.25), 2.2),
        shake=(dx, dy),
        exposure=math.exp(rng.normal(0, 0.05)) * (1 - track.haze),
        veil=track.haze * track.haze_level * max(track.scene_light[1], 0.3),
        grain=track.grain * min(1.0, 0.3 + track.sign_light[1]),
    )
    buffer = io.BytesIO()
    photograph(picture, optics, atlas, rng).save(buffer, "JPEG", quality=track.jpeg)
    return np.asarray(Image.open(buffer, formats=["JPEG"]))


def render_frame(track: Track, atlas: Atlas, step: float, rng: np.random.Generator) -> Frame:
    """The frame of `track` at `step` 0 (far) .. 1 (near)."""
    plan = template(track.class_id)
    view = place(track, plan.outline, step, rng)
    warped = warp(view.matrix, view.size, level_for(plan, view.px))
    mask = warp(view.matrix, view.size, plan.mask, nearest=True)
    sign = lit_sign(track, atlas, warped.convert("RGB"))
    picture = _background(track, atlas, view, step)
    picture.paste(sign, (0, 0), warped.getchannel(3))
    if track.occluder is not None:
        path = [tuple(p) for p in apply(view.matrix, np.array(track.occluder.outline)).tolist()]
        colour = in_light(track.sign_light, track.occluder.colour)
        ImageDraw.Draw(picture).polygon(path, fill=colour)
        ImageDraw.Draw(mask).polygon(path, fill=0)
    return Frame(_camera(track, atlas, view, picture, rng), np.asarray(mask), view.roi)
