"""Do two networks look at the same places? The likeness of their maps of the same images by one method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, atomic
from signsight.core.rng import generator
from signsight.core.stored import stored
from signsight.evaluation.similarity import likeness
from signsight.evaluation.statistics import bootstrap

MEASURES = ("rank_correlation", "ssim")
PIXELS = 1 << 22  # of the maps that are compared at a time
Likenesses = dict[str, tuple[np.ndarray, np.ndarray]]  # network -> of its own maps, of shuffled ones


def open_maps(path: Path | str, count: int, size: int) -> ArrayFile:
    """The maps in `path`. UserError unless they are of `count` images of `size` pixels."""
    maps = ArrayFile(path)
    if len(maps) != count or max(maps.shape[1:]) != size:
        raise UserError(
            f"{path} does not fit the test images beside it, so it is left from an earlier config; delete it."
        )
    return maps


def compare_maps(files: Mapping[str, tuple[ArrayFile, np.ndarray]], seed: int) -> Likenesses:
    """How alike the maps of each further network are to those of the first one.

    files: network -> its maps and (n,) the rows of the same images in them. Each value has two arrays
    (n, len(MEASURES)): the likeness of both maps of an image; and that of the first network's map of
    the image and the other's map of another image, drawn so that each is taken once: what maps share
    that knows nothing of the picture. Maps of two sizes are compared at the larger one. NaN where a
    map is constant or not finite.
    """
    (base, mine), *others = files.values()
    partner = partners(len(mine), seed)
    found = {}
    for label, (maps, theirs) in zip(list(files)[1:], others, strict=True):
        rows = [theirs] if partner is None else [theirs, theirs[partner]]
        own, *shuffled = (_likenesses(base, mine, maps, one) for one in rows)
        found[label] = own, shuffled[0] if shuffled else np.full_like(own, np.nan)
    return found


def partners(count: int, seed: int) -> np.ndarray | None:
    """(count,) int64: another image for each, every image once; None of one image."""
    if count < 2:
        return None
    order = generator(seed, "shuffled maps").permutation(count)
    partner = np.empty(count, np.int64)
    partner[order] = np.roll(order, 1)
    return partner


def _likenesses(a: ArrayFile, first: np.ndarray, b: ArrayFile, second: np.ndarray) -> np.ndarray:
    """(n, len(MEASURES)) of the maps in these rows of two files."""
    size = max(a.shape[1:], b.shape[1:])
    step = max(PIXELS // (size[0] * size[1]), 1)
    parts = []
    for start in range(0, len(first), step):
        batch = slice(start, start + step)
        pair = (enlarged(maps.take(rows[batch]), size) for maps, rows in ((a, first), (b, second)))
        parts.append(np.stack(likeness(*pair, absolute=False), axis=1))
    return np.concatenate(parts)


def enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Maps (n, h, w) float32 at a larger size (H, W), bilinear; those of that size as they are."""
    if maps.shape[1:] == tuple(size):
        return maps
    how = (size[1], size[0]), Image.Resampling.BILINEAR
    return np.stack([np.asarray(Image.fromarray(one).resize(*how)) for one in maps.astype(np.float32)])


def save_likenesses(path: Path | str, ids: np.ndarray, found: Likenesses) -> None:
    """Write the likenesses of one method as `.npz`: ids (n,), networks, own and shuffled (networks, n, 2)."""
    own, shuffled = (np.stack([pair[i] for pair in found.values()]) for i in (0, 1))
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, ids=ids, networks=np.array(list(found)), own=own, shuffled=shuffled)


def map_table(files: Mapping[str, Path | str], confidence: float, seed: int) -> pd.DataFrame:
    """Mean likeness of the maps by method and measure, beside that of maps of two different images.

    files: method -> what `save_likenesses` wrote. Columns method, network, measure, n, left_out, value and
    its interval, chance (shuffled images) and its interval, above (value - chance, paired) and its
    interval. Bootstrap over images.
    """
    return pd.DataFrame(list(_map_rows(files, confidence, seed)))


def _map_rows(
    files: Mapping[str, Path | str], confidence: float, seed: int
) -> Iterator[dict[str, str | float]]:
    for method, path in files.items():
        with stored(path) as file:
            networks, own, shuffled = file["networks"], file["own"], file["shuffled"]
        for i, network in enumerate(networks):
            stack = np.stack([own[i], shuffled[i], own[i] - shuffled[i]], axis=1)  # (n, 3, measures)
            found = bootstrap(stack, confidence, seed)
            counts = np.isfinite(own[i]).sum(axis=0)
            for j, measure in enumerate(MEASURES):
                n = int(counts[j])
                row = {"method": method, "network": str(network), "measure": measure}
                row |= {"n": n, "left_out": len(own[i]) - n}
                for k, name in enumerate(("value", "chance", "above")):
                    ends = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
                    row |= dict(zip((name, *ends), (part[k, j] for part in found), strict=True))
                yield row
