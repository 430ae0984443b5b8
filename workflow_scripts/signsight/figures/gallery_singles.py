"""Single files of the gallery: every map in several colourings, over the user's own picture, and as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from signsight.core.files import write_csv
from signsight.data.centre import Mode
from signsight.data.fit import seen_box
from signsight.data.pictures import Pictures, open_rgb
from signsight.figures.colour import overlay, to_rgb
from signsight.figures.gallery import SIDE, Column, Source, coloured_gradient, grey, hard, names_of
from signsight.figures.pages import digits
from signsight.figures.style import GREY

AT_ONCE = 32  # pictures that are held at the size of their overlays
INDEX = ("file", "picture", "method", "label", "target", "probability", "map", "overlay")


@dataclass(frozen=True)
class Laid:
    """How a map lies over a picture, config group `gallery.overlay`; fit: how the network was shown it."""

    size: int
    opacity: float
    colours: str
    signed_colours: str
    fit: Mode


@dataclass(frozen=True)
class Base:
    """A picture at the size of its overlays, (H, W, 3) uint8, and the part that the network saw of it."""

    image: np.ndarray
    box: tuple[float, float, float, float]

    @classmethod
    def of(cls, picture: Image.Image, side: int, laid: Laid) -> Base:
        """Of a picture at its own size, which a network saw at `side` pixels.

        It is scaled down to `laid.size` where it is larger, and every pixel is repeated where it is small.
        """
        wide, high = picture.size
        scale = min(laid.size / max(wide, high), 1.0)
        if scale < 1:
            shape = max(round(wide * scale), 1), max(round(high * scale), 1)
            image = np.asarray(picture.resize(shape, Image.Resampling.LANCZOS))
        else:
            times = max(min(SIDE, laid.size) // max(wide, high), 1)
            image = np.asarray(picture).repeat(times, axis=0).repeat(times, axis=1)
        left, upper, right, lower = seen_box((wide, high), side, laid.fit)
        across, down = image.shape[1] / wide, image.shape[0] / high
        return cls(image, (left * across, upper * down, right * across, lower * down))


def laid_over(base: Base, values: np.ndarray, signed: bool, laid: Laid) -> np.ndarray:
    """A map (h, w) over the user's own picture in grey; a line around what the network saw, if not all."""
    colours = laid.signed_colours if signed else laid.colours
    drawn = overlay(base.image, values, signed, opacity=laid.opacity, colours=colours, box=base.box)
    height, width = drawn.shape[:2]
    edges = [round(edge) for edge in base.box]
    if edges == [0, 0, width, height]:
        return drawn
    picture = Image.fromarray(drawn)
    frame = (edges[0], edges[1], max(edges[2] - 1, edges[0]), max(edges[3] - 1, edges[1]))
    ImageDraw.Draw(picture).rectangle(frame, outline=GREY)
    return np.asarray(picture)


def drawings(column: Column, row: int, base: Base, laid: Laid) -> dict[str, np.ndarray]:
    """Kind -> drawing of one map, (H, W) or (H, W, 3) uint8: heat, overlay, grey and maybe colour."""
    values = column.maps[row]
    drawn = {
        "heat": hard(to_rgb(values, column.signed)),
        "overlay": laid_over(base, values, column.signed, laid),
        "grey": hard(grey(values, column.signed)),
    }
    if column.colours is not None:
        drawn["colour"] = hard(coloured_gradient(column.colours[row]))
    return drawn


def write_singles(
    folder: Path,
    images: np.ndarray,
    table: pd.DataFrame,
    sources: Sequence[Source],
    originals: Pictures,
    laid: Laid,
) -> None:
    """Write `<picture>/<NN>-<method>-<kind>.png` and `<NN>-<method>.npy` to `folder`, and `index.csv`.

    NN is the place among the methods; 00-picture.png is the picture as the classifier sees it, and the array
    the map as it is, (H, W) float32. originals: where the files of the table are. The index has a row a map,
    INDEX: target and probability of what is explained, files from `folder` on. Those that refused have none.
    """
    names, rows = names_of(table), []
    for image, name in zip(images, names, strict=True):
        (folder / name).mkdir(parents=True)
        _write(folder / name / f"{0:0{digits(len(sources))}d}-picture.png", hard(image))
    for start in range(0, len(names), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        opened = (open_rgb(originals, file) for file in table["file"].iloc[part])
        bases = [Base.of(picture, images.shape[1], laid) for picture in opened]
        for place, source in enumerate(sources, 1):
            column = source.read(part, colours=True)  # one method in memory at a time
            for row, base in enumerate(bases if column.maps is not None else ()):
                told = table.iloc[start + row]
                stem = f"{names[start + row]}/{place:0{digits(len(sources))}d}-{source.method}"
                for kind, drawn in drawings(column, row, base, laid).items():
                    _write(folder / f"{stem}-{kind}.png", drawn)
                np.save(folder / f"{stem}.npy", column.maps[row])
                rows.append((start + row, place, _indexed(told, names[start + row], column, stem)))
    found = [one for _, _, one in sorted(rows, key=lambda row: row[:2])]
    write_csv(folder / "index.csv", pd.DataFrame(found, columns=list(INDEX)))


def _indexed(told: pd.Series, name: str, column: Column, stem: str) -> Mapping[str, Any]:
    return {
        "file": told["file"],
        "picture": name,
        "method": column.method,
        "label": column.title,
        "target": told["explained_name"],
        "probability": told["explained_probability"],
        "map": f"{stem}.npy",
        "overlay": f"{stem}-overlay.png",
    }


def _write(path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).save(path, compress_level=3)  # twice as fast as the default, a tenth larger
