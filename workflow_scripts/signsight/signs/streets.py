"""A street scene as a plan: where its signs stand, what hides them, its light and its camera."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from signsight.core.rng import generator
from signsight.data.classes import GTSRB_CLASSES
from signsight.signs.atlas import SCENE, Atlas
from signsight.signs.frame import Optics, in_light
from signsight.signs.street_things import (
    Box,
    Ground,
    Patch,
    car,
    draw_ground,
    leaves,
    no_sign,
    plate_under,
    pole,
    trunk,
)
from signsight.signs.track import Look, Track, Triple, drawn

Part = Literal["trainval", "test"]

_LITTER = 0.12  # share of signs with a leaf, twig or sticker on them
_BEFORE = 0.3  # share of pictures with a trunk, lamp post or leaves before a sign
_CUT = 0.15  # share of posts at the border of the picture
_BEHIND = 0.3  # share of posts partly behind a nearer thing
_POLE = (0.0, 0.08, 120)  # offset and width in sign widths, grey
_TRIES = 16  # places looked at for a post


@dataclass(frozen=True)
class StreetLook:
    """What the scenes look like.

    width, height: of the picture. fewest, most: signs in a picture. min_px, max_px: larger side of
    a sign in pixels, log-uniform between them. jpeg: lowest and highest JPEG quality. even: what is
    equally likely, the 43 "signs" or their five "shapes" (and the signs of each).
    """

    width: int
    height: int
    fewest: int
    most: int
    min_px: int
    max_px: int
    jpeg: tuple[int, int] = (70, 95)
    even: Literal["signs", "shapes"] = "signs"


@dataclass(frozen=True)
class Sign:
    """One sign: its class, pose and light (`track`), the middle and larger side of its box in pixels."""

    track: Track
    x: float
    y: float
    px: float

    @property
    def box(self) -> Box:
        """The square about it, which may reach out of the picture."""
        half = self.px / 2
        return Box(self.x - half, self.y - half, self.x + half, self.y + half)


Layer = Sign | Patch


@dataclass(frozen=True)
class Street:
    """What one picture shows.

    scene, flip, window: the background above the horizon (a piece of a scene, in its pixels).
    scene_light, gamma: of background and ground. layers: everything else, from far to near.
    """

    ground: Ground
    scene: int
    flip: bool
    window: Box
    scene_light: Triple
    gamma: float
    layers: tuple[Layer, ...]
    optics: Optics
    jpeg: int


def draw_street(
    seed: int, part: Part, number: int, look: StreetLook, atlas: Atlas, attempt: int = 0
) -> Street:
    """Draw scene `number` of a part; `attempt` counts the drawings of it that were discarded."""
    rng = generator(seed, "street", part, number, attempt)
    # A track's light and camera serve for the picture; every sign has a track of its own besides.
    weather = _track(rng, 0, look, atlas)
    light = _brighter(weather.sign_light, 0.15)
    weather = replace(weather, sign_light=light, scene_light=_brighter(light, float(rng.normal(0.1, 0.35))))
    ground = draw_ground(rng, look.width, look.height)
    return Street(
        ground,
        weather.scene,
        weather.flip,
        _window(rng, look.width, ground.horizon),
        weather.scene_light,
        weather.gamma,
        tuple(_layers(rng, look, ground, weather, atlas)),
        _optics(rng, weather),
        weather.jpeg,
    )


def _class_ids(rng: np.random.Generator, look: StreetLook, count: int) -> list[int]:
    """The classes of `count` signs."""
    if look.even == "signs":
        return rng.integers(0, len(GTSRB_CLASSES), count).tolist()
    shapes: dict[str, list[int]] = {}
    for sign in GTSRB_CLASSES:
        shapes.setdefault(sign.shape, []).append(sign.class_id)
    chosen = [list(shapes.values())[number] for number in rng.integers(0, len(shapes), count)]
    return [ids[rng.integers(len(ids))] for ids in chosen]


def _track(rng: np.random.Generator, class_id: int, look: StreetLook, atlas: Atlas) -> Track:
    style = Look(look.min_px, look.max_px, look.jpeg, _LITTER)
    return drawn(rng, class_id, style, len(atlas.scenes), len(atlas.shadows))


def _brighter(light: Triple, log_gain: float) -> Triple:
    """Light times e^log_gain, within what a camera shows."""
    gain = min(max(math.exp(log_gain), 0.3 / light[1]), 1.7 / light[1])
    red, green, blue = light
    return red * gain, green * gain, blue * gain


def _window(rng: np.random.Generator, width: int, horizon: float) -> Box:
    """A piece of a scene above its own road for the picture's part above the horizon."""
    zoom = min(rng.uniform(0.9, 2.2), SCENE / width, 0.6 * SCENE / horizon)
    left = rng.uniform(0, SCENE - width * zoom)
    top = max(SCENE * rng.uniform(0.6, 0.73) - horizon * zoom, 0)
    return Box(left, top, left + width * zoom, top + horizon * zoom)


def _optics(rng: np.random.Generator, weather: Track) -> Optics:
    dx, dy = rng.normal(0, (1.5, 0.7)) if rng.random() < 0.2 else (0.0, 0.0)
    return Optics(
        blur=float(rng.uniform(0.3, 0.8)),
        shake=(float(dx), float(dy)),
        exposure=math.exp(rng.normal(0, 0.05)) * (1 - weather.haze),
        veil=weather.haze * weather.haze_level * max(weather.scene_light[1], 0.3),
        grain=weather.grain * min(1.0, 0.3 + weather.sign_light[1]),
    )


@dataclass(frozen=True)
class _Thing:
    """What stands at one distance, that of a sign `px` wide: its layers, and boxes of what hides."""

    px: float
    layers: list[Layer]
    boxes: list[Box]


def _layers(
    rng: np.random.Generator, look: StreetLook, ground: Ground, weather: Track, atlas: Atlas
) -> list[Layer]:
    """Everything on the ground from far to near, and then what hangs before it."""
    things = [
        _clutter(rng, look, ground, weather, make, largest)
        for make, largest in ((car, 0.45), (no_sign, 0.75))
        for _ in range(int(rng.integers(0, 3)))
    ]
    signs: list[Sign] = []
    # From near to far, so that each is placed in view of what hides it.
    for px, count in sorted(_posts(rng, look), reverse=True):
        tracks = [_track(rng, k, look, atlas) for k in _class_ids(rng, look, count)]
        before = [box for thing in things if thing.px > px for box in thing.boxes]
        stack = _stack(rng, px, _together(rng, tracks, weather), look.min_px)
        post = _placed(rng, look, ground, stack, before)
        things.append(_Thing(px, _furnished(rng, ground, post), [sign.box for sign in post]))
        signs += post
    layers = [layer for thing in sorted(things, key=lambda thing: thing.px) for layer in thing.layers]
    if rng.random() < _BEFORE:
        box = signs[rng.integers(len(signs))].box
        make = trunk if rng.random() < 0.4 else leaves
        layers += _lit(make(rng, box, look.height), weather.scene_light)
    return layers


def _clutter(
    rng: np.random.Generator,
    look: StreetLook,
    ground: Ground,
    weather: Track,
    make: Callable[[np.random.Generator, Ground, float, float], list[Patch]],
    largest: float,
) -> _Thing:
    """A thing that is no sign, somewhere in the street; `largest` is a share of the nearest sign's px."""
    px = _log_uniform(rng, look.min_px, largest * look.max_px)
    patches = make(rng, ground, rng.uniform(0, look.width), px)
    lit = _lit(patches, _brighter(weather.sign_light, rng.normal(0, 0.25)))
    return _Thing(px, list(lit), [patch.box for patch in patches])


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(max(low, high)))))


def _lit(patches: Sequence[Patch], light: Triple) -> list[Patch]:
    """Patches under the light that falls on them."""
    return [
        replace(
            patch,
            fill=in_light(light, patch.fill),
            edge=None if patch.edge is None else in_light(light, patch.edge),
        )
        for patch in patches
    ]


def _posts(rng: np.random.Generator, look: StreetLook) -> list[tuple[float, int]]:
    """Width in pixels and number of the signs of every post; at most three on one, if they fit."""
    left, posts = int(rng.integers(look.fewest, look.most + 1)), []
    while left:
        px = _log_uniform(rng, look.min_px, look.max_px)
        fit = max(1, int(0.85 * look.height / px))
        count = min(left, fit, int(rng.choice((1, 2, 3), p=(0.7, 0.24, 0.06))))
        posts.append((px, count))
        left -= count
    return posts


def _together(rng: np.random.Generator, tracks: list[Track], weather: Track) -> list[Track]:
    """The signs of one post: turned and lit nearly alike."""
    first = tracks[0]
    light = _brighter(weather.sign_light, rng.normal(0, 0.25))
    return [
        replace(
            track,
            yaw=first.yaw + rng.normal(0, 3),
            pitch=first.pitch + rng.normal(0, 1.5),
            roll=first.roll + rng.normal(0, 2),
            distance=first.distance,
            sign_light=_brighter(light, rng.normal(0, 0.1)),
            gamma=weather.gamma,
            pole=first.pole,
        )
        for track in tracks
    ]


def _stack(rng: np.random.Generator, px: float, tracks: list[Track], least: float) -> list[Sign]:
    """The signs of a post one beneath the other, from the top; the highest box begins at (0, 0)."""
    signs, y = [], 0.0
    for track in tracks:
        side = max(px * rng.uniform(0.88, 1.0) if signs else px, least)
        signs.append(Sign(track, 0.0, y + side / 2, side))
        # The box of a triangle or a turned disc has clear space, so boxes may share some rows.
        y += side * rng.uniform(0.86, 1.04)
    return signs


def _placed(
    rng: np.random.Generator, look: StreetLook, ground: Ground, stack: list[Sign], before: list[Box]
) -> list[Sign]:
    """A stack moved to where it is hidden as much as it should be by the boxes `before` it."""
    behind = bool(before) and rng.random() < _BEHIND
    cut = rng.random() < _CUT
    low, high = (0.1, 0.6) if behind else (0.0, 0.03)
    best, least = stack, math.inf
    for _ in range(_TRIES):
        if behind:
            x, y = _near(rng, before[rng.integers(len(before))], stack[0].px)
            y = min(y, ground.horizon - stack[-1].y)  # no sign stands lower than the eye
        else:
            x, y = _free(rng, look, ground, stack)
        x, y = (_across if cut else _inside)(rng, look, stack, x, y)
        moved = [replace(sign, x=x, y=y + sign.y) for sign in stack]
        hidden = [_share(sign.box, before) for sign in moved]
        fault = max(low - max(hidden), max(hidden) - high, 0.0)
        if fault < least:
            best, least = moved, fault
        if not fault:
            break
    return best


def _share(box: Box, before: Sequence[Box]) -> float:
    """The largest part of `box` that one of the boxes hides."""
    return max((box.common(other).area / box.area for other in before), default=0.0)


def _free(
    rng: np.random.Generator, look: StreetLook, ground: Ground, stack: list[Sign]
) -> tuple[float, float]:
    """Beside the road; the lowest sign as high above the eye as signs stand."""
    px, last = stack[0].px, stack[-1]
    x = ground.beside_road(rng.uniform(0, look.width), px)
    return x, ground.horizon - px * rng.uniform(0.3, 2.2) - last.y


def _near(rng: np.random.Generator, box: Box, px: float) -> tuple[float, float]:
    """Where a sign `px` wide is about half behind a box."""
    x = (box.x0 + box.x1) / 2 + rng.uniform(-0.5, 0.5) * (box.x1 - box.x0 + px)
    y = (box.y0 + box.y1) / 2 + rng.uniform(-0.5, 0.5) * (box.y1 - box.y0 + px)
    return x, y - px / 2


def _inside(
    rng: np.random.Generator, look: StreetLook, stack: list[Sign], x: float, y: float
) -> tuple[float, float]:
    """The nearest place at which no sign of the stack is cut."""
    half, last = stack[0].px / 2 + 1, stack[-1]
    bottom = look.height - last.y - last.px / 2 - 1
    return min(max(x, half), look.width - half), max(min(y, bottom), 1.0)


def _across(
    rng: np.random.Generator, look: StreetLook, stack: list[Sign], x: float, y: float
) -> tuple[float, float]:
    """A place at which the border on the left, on the right or above cuts off a part."""
    x, y = _inside(rng, look, stack, x, y)
    px, off = stack[0].px, rng.uniform(0.12, 0.6)
    side = rng.random()
    if side < 0.25:
        return x, -off * px
    if side < 0.625:
        return px / 2 - off * px, y
    return look.width - px / 2 + off * px, y


def _furnished(rng: np.random.Generator, ground: Ground, signs: list[Sign]) -> list[Layer]:
    """The signs of a post, behind them their pole and what hangs under them."""
    top, low = signs[0], signs[-1]
    stand = top.track.pole or (_POLE if len(signs) > 1 else None)  # a single one may hang on a wall
    patches: list[Patch] = []
    if stand is not None:
        offset, thick, grey = stand
        foot = max(ground.foot(top.px), low.box.y1 + 0.6 * low.px)
        patches.append(pole(top.x + offset * top.px, top.y, foot, thick * top.px, grey))
    if low.track.below in ("plate", "yellow"):
        patches += plate_under(rng, low.x, low.box.y1 + 0.02 * low.px, low.px)
    ordered = signs if rng.random() < 0.5 else signs[::-1]
    return [*_lit(patches, top.track.sign_light), *ordered]
