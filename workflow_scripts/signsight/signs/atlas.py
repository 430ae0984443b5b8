"""What lies behind and before the signs: procedural street scenes, shadows and sensor grain."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from signsight.core.rng import generator

SCENE = 512  # pixels along a scene's side
SHADOW = 192
GRAIN = 448
_SCENES, _SHADOWS = 20, 10

Rgb = tuple[int, int, int]


class Atlas(NamedTuple):
    """Made once a job and cut from for every frame.

    scenes: RGB pictures of SCENE x SCENE; shadows: L pictures of SHADOW x SHADOW, 255 = lit;
    grain: (GRAIN, GRAIN, 3) float32, standard normal.
    """

    scenes: list[Image.Image]
    shadows: list[Image.Image]
    grain: np.ndarray


def make_atlas(seed: int) -> Atlas:
    """The atlas of a seed."""
    scenes = [_scene(generator(seed, "scene", k)) for k in range(_SCENES)]
    shadows = [_shadow(generator(seed, "shadow", k)) for k in range(_SHADOWS)]
    # Halfway between white noise and noise of 2 pixels: a demosaiced sensor's.
    fine = generator(seed, "grain").standard_normal((GRAIN, GRAIN, 3), dtype=np.float32)
    coarse = (fine + np.roll(fine, 1, 0) + np.roll(fine, 1, 1) + np.roll(fine, (1, 1), (0, 1))) / 2
    return Atlas(scenes, shadows, (fine + coarse) / math.sqrt(3))


def noise(rng: np.random.Generator, size: int, coarsest: int, finest: int) -> np.ndarray:
    """(size, size) float32 in [0, 1]: fractal noise with cells from `coarsest` to `finest` pixels."""
    total = np.zeros((size, size), np.float32)
    cell, weight = coarsest, 1.0
    while cell >= finest:
        grid = rng.random((size // cell + 3, size // cell + 3), dtype=np.float32)
        layer = Image.fromarray(grid).resize((size + 2 * cell,) * 2, Image.Resampling.BICUBIC)
        total += weight * np.asarray(layer)[cell : cell + size, cell : cell + size]
        cell, weight = cell // 2, weight * 0.62
    low, high = np.percentile(total[::5, ::5], (0.5, 99.5))
    return np.clip((total - low) / (high - low), 0, 1)


def _shadow(rng: np.random.Generator) -> Image.Image:
    """Shade of leaves (blotches) or of an edge (a building, a pole), softened."""
    if rng.random() < 0.6:
        field = noise(rng, SHADOW, 96, 12)
    else:
        y, x = np.mgrid[0:SHADOW, 0:SHADOW].astype(np.float32) / SHADOW - 0.5
        angle = rng.uniform(0, 2 * math.pi)
        field = 0.5 + 0.6 * (x * math.cos(angle) + y * math.sin(angle))
        if rng.random() < 0.5:
            field = 0.5 + np.abs(field - 0.5) * 2
    lit = np.clip((field - rng.uniform(0.35, 0.6)) * rng.uniform(5, 16) + 0.5, 0, 1)
    dark = rng.uniform(0.35, 0.75)
    return Image.fromarray(np.round(255 * (dark + (1 - dark) * lit)).astype(np.uint8))


def _mix(dark: Rgb, bright: Rgb, amount: np.ndarray) -> np.ndarray:
    """Colours from `dark` to `bright`: (H, W) in [0, 1] to (H, W, 3) float32."""
    low, high = np.array(dark, np.float32), np.array(bright, np.float32)
    return low + (high - low) * amount[..., None]


_SKIES: tuple[tuple[Rgb, Rgb], ...] = (
    ((255, 255, 255), (240, 245, 252)),
    ((205, 215, 228), (245, 247, 250)),
    ((86, 140, 214), (196, 220, 244)),
    ((120, 130, 146), (186, 190, 198)),
    ((236, 200, 160), (250, 236, 214)),
)
_LEAVES: tuple[tuple[Rgb, Rgb], ...] = (
    ((14, 22, 10), (112, 132, 72)),
    ((8, 14, 10), (66, 90, 58)),
    ((26, 20, 12), (150, 126, 84)),
    ((20, 17, 14), (122, 108, 92)),
    ((14, 12, 10), (92, 84, 76)),
    ((20, 13, 8), (136, 96, 66)),
)
_WALLS: tuple[Rgb, ...] = (
    (206, 196, 176),
    (168, 96, 76),
    (226, 224, 218),
    (146, 148, 150),
    (196, 178, 136),
    (110, 92, 78),
    (150, 166, 178),
)
_THINGS: tuple[Rgb, ...] = (
    (180, 28, 30),
    (24, 70, 150),
    (232, 190, 40),
    (238, 238, 236),
    (24, 24, 26),
    (40, 110, 70),
    (120, 122, 126),
    (220, 110, 30),
)


def _scene(rng: np.random.Generator) -> Image.Image:
    """One street: sky, trees, houses, road, branches, poles and coloured things."""
    top, bottom = _SKIES[rng.integers(len(_SKIES))]
    down = np.linspace(0, 1, SCENE, dtype=np.float32)[:, None]
    clouds = noise(rng, SCENE, 256, 16)
    canvas = _mix(top, bottom, np.clip(down + (clouds - 0.5) * rng.uniform(0, 0.9), 0, 1))
    if rng.random() < 0.55:
        canvas = _trees(rng, canvas)
    picture = Image.fromarray(canvas.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 4))):
        _house(rng, pen)
    if rng.random() < 0.5:
        picture = Image.fromarray(_trees(rng, np.asarray(picture, np.float32)).astype(np.uint8))
        pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 9))):
        _branch(rng, pen)
    for _ in range(int(rng.integers(2, 9))):
        _thing(rng, pen)
    road = int(SCENE * rng.uniform(0.72, 1.1))
    grey = int(rng.integers(50, 150))
    pen.rectangle((0, road, SCENE, max(road, SCENE)), fill=(grey, grey, grey + 4))
    texture = noise(rng, SCENE, 16, 2)[..., None] - 0.5
    rough = np.asarray(picture, np.float32) * (1 + texture * rng.uniform(0.05, 0.35))
    picture = Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4)))


def _trees(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Foliage over `canvas`, dense towards the ground, with holes through which it shows."""
    dark, bright = _LEAVES[rng.integers(len(_LEAVES))]
    crown = noise(rng, SCENE, 200, 4)
    height = np.linspace(-0.5, 0.5, SCENE, dtype=np.float32)[:, None] * rng.uniform(0.2, 1.6)
    there = np.clip((crown + height - rng.uniform(0.2, 0.6)) * 12, 0, 1)[..., None]
    leaves = noise(rng, SCENE, 64, 2) ** rng.uniform(0.8, 2.2)
    return canvas * (1 - there) + _mix(dark, bright, leaves) * there


def _shade(colour: Rgb, factor: float) -> Rgb:
    r, g, b = (min(255, round(part * factor)) for part in colour)
    return r, g, b


def _house(rng: np.random.Generator, pen: ImageDraw.ImageDraw) -> None:
    left, top = (int(v) for v in rng.integers(-150, SCENE - 100, 2))
    width, height = (int(v) for v in rng.integers(120, 420, 2))
    wall = _shade(_WALLS[rng.integers(len(_WALLS))], rng.uniform(0.5, 1.1))
    pen.rectangle((left, top, left + width, max(top, SCENE)), fill=wall)
    if rng.random() < 0.6:
        roof = _shade((130, 62, 46) if rng.random() < 0.6 else (70, 72, 78), rng.uniform(0.6, 1.2))
        peak = top - int(rng.integers(30, 120))
        middle = left + width // 2
        pen.polygon([(left - 12, top), (middle, peak), (left + width + 12, top)], fill=roof)
    step = int(rng.integers(26, 80))
    glass = _shade((60, 74, 92), rng.uniform(0.4, 2.0))
    for y in range(top + step // 2, min(top + height, SCENE), step):
        for x in range(left + step // 3, left + width - step // 2, step):
            pen.rectangle((x, y, x + step // 2, y + step // 2), fill=glass, outline=(232, 232, 228))


def _branch(rng: np.random.Generator, pen: ImageDraw.ImageDraw) -> None:
    """A trunk or pole with thinner twigs that wander off it."""
    grey = int(rng.integers(15, 90))
    colour = (grey, int(grey * rng.uniform(0.85, 1.0)), int(grey * rng.uniform(0.7, 1.0)))
    x = float(rng.uniform(0, SCENE))
    lean, width = rng.uniform(-0.2, 0.2), int(rng.integers(4, 26))
    pen.line([(x, SCENE), (x + lean * SCENE, 0)], fill=colour, width=width)
    for _ in range(int(rng.integers(0, 40))):
        y = rng.uniform(0, SCENE)
        px, py = x + lean * (SCENE - y), y
        angle = rng.uniform(-math.pi, 0)
        path = [(px, py)]
        for _ in range(6):
            angle += rng.normal(0, 0.4)
            px, py = px + 26 * math.cos(angle), py + 26 * math.sin(angle)
            path.append((px, py))
        pen.line(path, fill=colour, width=int(rng.integers(1, 5)))


def _thing(rng: np.random.Generator, pen: ImageDraw.ImageDraw) -> None:
    """A coloured box, disc or triangle: a car, an advertisement, another sign from afar."""
    colour = _shade(_THINGS[rng.integers(len(_THINGS))], rng.uniform(0.5, 1.1))
    x, y = rng.uniform(0, SCENE, 2)
    w, h = rng.uniform(12, 110, 2)
    rim = _shade(_THINGS[rng.integers(len(_THINGS))], rng.uniform(0.5, 1.1))
    kind = rng.integers(3)
    line = int(rng.integers(1, 8))
    if kind == 0:
        pen.rectangle((x, y, x + w, y + h), fill=colour, outline=rim, width=line)
    elif kind == 1:
        pen.ellipse((x, y, x + w, y + w), fill=colour, outline=rim, width=line)
    else:
        pen.polygon([(x, y + w), (x + w / 2, y), (x + w, y + w)], fill=colour, outline=rim)
