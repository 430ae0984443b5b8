"""Strips: SmoothGrad by number of copies and by spread of the noise, LayerCAM from layer to layer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from signsight.core.files import atomic
from signsight.figures.colour import overlay, to_rgb
from signsight.figures.examples import colour_keys
from signsight.figures.gallery import hard
from signsight.figures.sheet import Block, in_words, sheet
from signsight.figures.style import styled

SECONDS, LAST_SECONDS = 0.8, 2.0  # that a frame of an animation is shown, and the last one
FRAME, BAR = 240, 26  # pixels of a picture of an animation, and of the line of text above it
HEAD_LETTERS = 14
FOOT = 0.45


@styled
def smoothing_strip(
    images: np.ndarray,
    titles: Sequence[str],
    by_samples: np.ndarray,
    samples: Sequence[int],
    by_spread: np.ndarray,
    spreads: Sequence[float],
    fixed: tuple[int, float],
    signed: bool,
) -> Figure:
    """Two blocks of SmoothGrad maps: by number of noisy copies, and by spread of the noise.

    images: (n, H, W, 3) uint8; by_samples: (n, len(samples), H, W) float, by_spread alike; fixed:
    number of copies and spread where the other one varies.
    """
    blocks = []
    for maps, heads, title in (
        (by_samples, [f"n = {n}" for n in samples], f"by number n of noisy copies (spread {fixed[1]:g})"),
        (by_spread, [f"{s:g}" for s in spreads], f"by spread of the noise ({fixed[0]} copies)"),
    ):
        cells = np.concatenate([images[:, None], to_rgb(maps, signed)], axis=1)
        blocks.append(Block(cells, titles, ["Picture", *heads], f"SmoothGrad {title}"))
    figure = sheet(blocks, cell=1.0, left=1.7, foot=FOOT)
    colour_keys(figure, [signed])
    return figure


@styled
def layer_strip(images: np.ndarray, titles: Sequence[str], maps: np.ndarray, layers: Sequence[str]) -> Figure:
    """LayerCAM over the layers from input to output, and fused over all of them, laid over the pictures.

    images: (n, H, W, 3) uint8; maps: (n, len(layers) + 1, H, W) float.
    """
    laid = np.stack([[overlay(i, m, False) for m in row] for i, row in zip(images, maps, strict=True)])
    cells = np.concatenate([images[:, None], laid], axis=1)
    heads = [textwrap.fill(name.replace(".", ". "), HEAD_LETTERS).replace(". ", ".") for name in layers]
    heads = ["Picture", *heads, "all fused"]
    title = "LayerCAM by layer, from input to output"
    figure = sheet([Block(cells, titles, heads, title)], cell=1.15, left=1.7, foot=FOOT)
    colour_keys(figure, [False])
    return figure


def without_layers(reason: str) -> Figure:
    """In place of a layer strip: why there is none."""
    return in_words(f"No layer strip: {reason}")


def smoothing_frames(
    images: np.ndarray, by_samples: np.ndarray, samples: Sequence[int], signed: bool
) -> list[np.ndarray]:
    """A frame for every number of copies, (height, width, 3) uint8: pictures above, their maps below."""
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 15)
    frames = []
    for place, count in enumerate(samples):
        maps = to_rgb(by_samples[:, place], signed)
        rows = [np.concatenate([_tile(one) for one in row], axis=1) for row in (images, maps)]
        bar = Image.new("RGB", (rows[0].shape[1], BAR), "white")
        noun = "copy" if count == 1 else "copies"
        ImageDraw.Draw(bar).text((6, 4), f"SmoothGrad, {count} noisy {noun}", "black", font)
        frames.append(np.concatenate([np.asarray(bar), *rows]))
    return frames


def _tile(picture: np.ndarray) -> np.ndarray:
    return hard(picture, FRAME)


def save_animation(path: Path | str, frames: Sequence[np.ndarray]) -> None:
    """Write frames (H, W, 3) uint8 as an animated PNG (true colours), whole or not at all, in a loop."""
    pictures = [Image.fromarray(frame) for frame in frames]
    times = [round(1000 * SECONDS)] * (len(frames) - 1) + [round(1000 * LAST_SECONDS)]
    with atomic(path) as part:
        pictures[0].save(
            part, format="PNG", save_all=True, append_images=pictures[1:], duration=times, loop=0
        )
