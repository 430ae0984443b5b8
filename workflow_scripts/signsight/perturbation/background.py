"""Pictures with another background, or with the background alone: what is the answer of the network about?

The pairs of pictures and backgrounds follow Xiao et al. 2020 (arXiv:2006.09994): the object on black, on the
background of another picture of its class and of another class, the background without the object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

from signsight.core.files import ArrayFile
from signsight.core.registry import replacements
from signsight.core.rng import generator
from signsight.data.imageset import ImageSet, copy_index, image_writer

BLOCK_BYTES = 8 << 20  # of pictures at a time
NOBODY = -1  # row of a donor that there is not
DONORS = ("same_class", "other_class")
SURROUNDINGS = "surroundings"
SILHOUETTE = "silhouette"


@dataclass(frozen=True)
class Scenes:
    """Pictures in which it is known where the object is.

    images: N pictures; regions: (N, H, W) uint8, 0 background; donors: kind of DONORS -> (N,) rows of the
    pictures that lend their background, see `choose_donors`; margin: pixels by which an object is grown
    before it is replaced, so that nothing of it is left in the background.
    """

    images: ImageSet
    regions: ArrayFile
    donors: Mapping[str, np.ndarray]
    seed: int
    margin: int = 0

    def read(self, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Pictures (n, H, W, 3) uint8, and where their objects are (n, H, W) bool."""
        return self.images.take(rows), self.regions.take(rows) > 0


def choose_donors(index: pd.DataFrame, seed: int) -> dict[str, np.ndarray]:
    """Kind of DONORS -> (N,) row of the picture that lends its background to each; NOBODY where none can.

    index: image_id and class_id. `same_class`: any other picture of the class; `other_class`: any class but
    its own, then any picture of it.
    """
    truth = index["class_id"].to_numpy()
    rows = {int(one): np.flatnonzero(truth == one) for one in np.unique(truth)}
    donors = {kind: np.full(len(index), NOBODY) for kind in DONORS}
    for row, (image_id, own) in enumerate(zip(index["image_id"], truth, strict=True)):
        for kind in DONORS:
            rng = generator(seed, "background", kind, str(image_id))
            others = [one for one in rows if one != own] if kind == "other_class" else [int(own)]
            among = rows[int(rng.choice(others))] if others else np.empty(0, int)
            among = among[among != row]
            if len(among):
                donors[kind][row] = rng.choice(among)
    return donors


def donor_table(index: pd.DataFrame, donors: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Whose background each picture gets: `image_id`, and of each kind of donor its `image_id` and, as
    `<kind>_id`, its class; empty and -1 where there is none."""
    table = {"image_id": index["image_id"].to_numpy()}
    ids, truth = index["image_id"].to_numpy(), index["class_id"].to_numpy()
    for kind, rows in donors.items():
        table[kind] = np.where(rows == NOBODY, "", ids[rows])
        table[f"{kind}_id"] = np.where(rows == NOBODY, NOBODY, truth[rows])
    return pd.DataFrame(table)


def altered(scenes: Scenes, rows: Sequence[int], kept: str, behind: str) -> np.ndarray:
    """The pictures of `rows` with part of each replaced, (n, H, W, 3) uint8.

    kept: `object`, whose background is replaced, or `background`, whose object is. behind: a replacement,
    which sees nothing of the replaced part; a kind of DONORS, the background of another picture, with its own
    object filled in from its surroundings; `surroundings`, from which the part is filled in; or `silhouette`:
    of nothing is kept more than that, the object white on black. A picture without a donor stays as it is.
    """
    images, inside = scenes.read(rows)
    if behind == SILHOUETTE:
        return np.where(inside[..., None], np.uint8(255), np.zeros_like(images))
    hidden = grown(inside, scenes.margin) if kept == "background" else ~inside
    if behind in DONORS:
        donors = scenes.donors[behind][rows]
        grounds, objects = scenes.read(np.where(donors == NOBODY, rows, donors))
        lent = filled_in(grounds, grown(objects, scenes.margin))
        hidden = hidden & (donors != NOBODY)[:, None, None]
    elif behind == SURROUNDINGS:
        lent = filled_in(images, hidden)
    else:
        ids = scenes.images.index["image_id"].iloc[list(rows)]
        lent = np.stack(
            [_replaced(*one, behind, scenes.seed) for one in zip(images, hidden, ids, strict=True)]
        )
    return np.where(hidden[..., None], lent, images)


def grown(inside: np.ndarray, margin: int) -> np.ndarray:
    """Masks (n, H, W) bool with every pixel within `margin` pixels of them, along rows and columns."""
    if not margin:
        return inside
    widest = ImageFilter.MaxFilter(2 * margin + 1)
    masks = (Image.fromarray(255 * one.astype(np.uint8)) for one in inside)
    return np.stack([np.asarray(mask.filter(widest)) > 0 for mask in masks])


def filled_in(images: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Pictures (n, H, W, 3) uint8 with their pixels `hidden` (n, H, W) filled in from those around them."""
    import torch  # here, for the table of the scores needs none

    from signsight.perturbation.imputation import impute

    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    found = impute(pixels, torch.from_numpy(hidden)[:, None])
    return (255 * found.clamp(0, 1)).round().byte().permute(0, 2, 3, 1).numpy()


def _replaced(image: np.ndarray, hidden: np.ndarray, image_id: str, name: str, seed: int) -> np.ndarray:
    """What the replacement `name` makes of a picture whose hidden part has the mean colour of the rest."""
    pixels = image.astype(np.float32) / 255
    rest = pixels[~hidden]
    pixels[hidden] = rest.mean(axis=0, dtype=np.float64) if len(rest) else 0.5
    made = replacements.get(name)(pixels, generator(seed, "background", name, image_id))
    return (255 * np.clip(made, 0, 1)).round().astype(np.uint8)


def background_sets(scenes: Scenes, folders: Mapping[str, Path], sets: Mapping[str, Sequence[str]]) -> None:
    """Write an image set for each of `sets` (name -> what is kept, what is behind) to `folders[name]`."""
    height, width = scenes.images.size
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(image_writer(folders[name], len(scenes.images), height, width))
            for name in sets
        }
        for rows in _blocks(len(scenes.images), height * width * 3):
            for name, (kept, behind) in sets.items():
                writers[name].append(altered(scenes, rows, kept, behind))
    for name in sets:
        copy_index(scenes.images, folders[name])


def _blocks(count: int, image_bytes: int) -> Iterator[np.ndarray]:
    step = max(BLOCK_BYTES // image_bytes, 1)
    for start in range(0, count, step):
        yield np.arange(start, min(start + step, count))
