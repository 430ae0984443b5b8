"""A track: one physical sign, its place, light and camera, drawn once for all of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from signsight.core.rng import generator
from signsight.signs.atlas import SCENE

Part = Literal["train", "test"]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """What the pictures look like.

    min_px, max_px: width of the sign in pixels: a track starts between min_px and 1.6 x min_px (at
    most max_px) and ends between 0.4 x max_px and max_px, nearer to the former.
    jpeg: lowest and highest JPEG quality. occlusion: share of tracks with something before the sign.
    """

    min_px: int
    max_px: int
    jpeg: tuple[int, int] = (60, 95)
    occlusion: float = 0.05


@dataclass(frozen=True)
class Occluder:
    """Something before the sign, a polygon in sign widths from its middle."""

    outline: tuple[tuple[float, float], ...]
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Track:
    """What the frames of a track share.

    first_px, last_px: width of the sign. yaw, pitch, roll: degrees. distance: of the camera, in
    sign widths, as far as the perspective goes. scene, flip, window, zoom: the piece of background
    (middle in scene pixels, scene pixels per picture pixel in the last frame). sign_light,
    scene_light: gains of red, green, blue. gamma. haze: 0..1 towards a grey of haze_level. fade:
    0..1, bleached reds and blues. shade: number of a shadow or -1, shade_at: where it is cut
    (0..1). gradient: change of light across the sign (x, y). pole: offset and width in sign widths
    and its grey, or None. below: what hangs under the sign, or "". blur: radius in hundredths of
    the sign's width. shake: motion blur, in hundredths of the sign's width (x, y). grain: standard
    deviation of the noise in full light, 0..255. jpeg: quality.
    """

    class_id: int
    first_px: float
    last_px: float
    yaw: float
    pitch: float
    roll: float
    distance: float
    scene: int
    flip: bool
    window: tuple[float, float]
    zoom: float
    sign_light: Triple
    scene_light: Triple
    gamma: float
    haze: float
    haze_level: float
    fade: float
    shade: int
    shade_at: tuple[float, float]
    gradient: tuple[float, float]
    pole: tuple[float, float, int] | None
    below: str
    occluder: Occluder | None
    blur: float
    shake: tuple[float, float]
    grain: float
    jpeg: int

    def width_at(self, step: float) -> float:
        """Width of the sign in pixels at `step` 0 (far) .. 1 (near), at an even speed."""
        far, near = 1 / self.first_px, 1 / self.last_px
        return 1 / (far + (near - far) * step)


def draw_track(
    seed: int, part: Part, class_id: int, number: int, look: Look, scenes: int, shadows: int
) -> Track:
    """Draw track `number` of a class; nothing but the sign itself depends on the class.

    scenes, shadows: how many of them the atlas has.
    """
    return drawn(generator(seed, "track", part, class_id, number), class_id, look, scenes, shadows)


def drawn(rng: np.random.Generator, class_id: int, look: Look, scenes: int, shadows: int) -> Track:
    """A track with everything but its class from `rng`; see `draw_track`."""
    first = min(rng.uniform(1.0, 1.6) * look.min_px, look.max_px)
    last = max(first, look.max_px * rng.uniform(0.63, 1.0) ** 2)
    temperature = float(rng.normal(0, 0.09))
    tint = np.exp([temperature, rng.normal(0, 0.02), -temperature])
    sign_gain = float(np.clip(0.66 * np.exp(rng.normal(0, 0.42)), 0.24, 1.7))
    scene_gain = float(np.clip(sign_gain * np.exp(rng.normal(0, 0.65)), 0.1, 2.2))
    shaking = rng.random() < 0.3
    return Track(
        class_id=class_id,
        first_px=float(first),
        last_px=float(last),
        yaw=float(np.clip(rng.normal(0, 14), -38, 38)),
        pitch=float(np.clip(rng.normal(0, 6), -16, 16)),
        roll=float(np.clip(rng.normal(0, 3.2), -9, 9)),
        distance=float(rng.uniform(2.2, 5)),
        scene=int(rng.integers(scenes)),
        flip=bool(rng.random() < 0.5),
        window=(float(rng.uniform(0, SCENE)), float(rng.uniform(0, SCENE))),
        zoom=float(rng.uniform(0.5, 1.6)),
        sign_light=_triple(sign_gain * tint),
        scene_light=_triple(scene_gain * tint),
        gamma=float(np.exp(rng.normal(0, 0.13))),
        haze=float(rng.uniform(0.05, 0.35)) if rng.random() < 0.22 else 0.0,
        haze_level=float(rng.uniform(60, 215)),
        fade=float(rng.uniform(0.1, 0.5)) if rng.random() < 0.2 else 0.0,
        shade=int(rng.integers(shadows)) if rng.random() < 0.2 else -1,
        shade_at=(float(rng.random()), float(rng.random())),
        gradient=(float(rng.normal(0, 0.06)), float(rng.normal(0, 0.06))),
        pole=_pole(rng),
        below=str(rng.choice(_BELOW, p=_BELOW_SHARES)),
        occluder=_occluder(rng) if rng.random() < look.occlusion else None,
        blur=float(rng.uniform(0.2, 1.6)),
        shake=_pair(rng.normal(0, (3.8, 1.8))) if shaking else (0.0, 0.0),
        grain=float(rng.uniform(1, 6)),
        jpeg=int(rng.integers(look.jpeg[0], look.jpeg[1] + 1)),
    )


def _triple(values: np.ndarray) -> Triple:
    a, b, c = (float(value) for value in values)
    return a, b, c


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


_BELOW = ("", "plate", "yellow", "red", "blue")
_BELOW_SHARES = (0.56, 0.17, 0.07, 0.12, 0.08)


def _pole(rng: np.random.Generator) -> tuple[float, float, int] | None:
    if rng.random() < 0.25:
        return None
    return float(rng.normal(0, 0.03)), float(rng.uniform(0.05, 0.12)), int(rng.integers(40, 190))


_OCCLUDERS = {
    "leaf": ((24, 44, 16), (86, 104, 40), (92, 66, 34)),
    "twig": ((30, 24, 20), (70, 62, 52)),
    "sticker": ((240, 240, 236), (240, 214, 60), (40, 40, 44), (60, 150, 80), (220, 90, 150)),
}


def _occluder(rng: np.random.Generator) -> Occluder:
    """A leaf over the rim, a twig across, or a sticker anywhere: never the whole sign."""
    kind = str(rng.choice(list(_OCCLUDERS)))
    colours = _OCCLUDERS[kind]
    colour = colours[rng.integers(len(colours))]
    turn = rng.uniform(0, 2 * np.pi)
    if kind == "leaf":
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radii = rng.uniform(0.1, 0.24) * rng.uniform(0.7, 1.3, 14)
        middle = 0.46 * np.array([np.cos(turn), np.sin(turn)])
        points = middle + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    else:
        half = (0.9, rng.uniform(0.015, 0.04))
        middle = rng.uniform(-0.3, 0.3, 2)
        if kind == "sticker":
            half = (rng.uniform(0.05, 0.1), rng.uniform(0.05, 0.1))
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
        spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        points = middle + corners @ spin
    return Occluder(tuple((float(x), float(y)) for x, y in points), colour)
