"""A random sample of a data set, drawn image by image, so that a larger one holds the smaller."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from signsight.core.rng import generator
from signsight.data.dataset import Part
from signsight.data.tar import StreamedTar


def sample_of(part: Part, images: int | None, seed: int) -> Part:
    """`part` with a random sample of its pictures, see `sampled`."""
    records, pictures = sampled(part.records, images, seed), part.pictures
    if isinstance(pictures, StreamedTar):
        pictures = StreamedTar(pictures.path, set(records["source"]))
    return replace(part, records=records, pictures=pictures)


def sampled(records: pd.DataFrame, images: int | None, seed: int) -> pd.DataFrame:
    """`images` of the records, drawn from `seed`, in their order; all when None or not fewer.

    Every image draws one number from its `image_id`, and those with the smallest ones are taken: the
    sample does not depend on the order of the records, and 100 images are among 1,000.
    """
    if images is None or images >= len(records):
        return records
    draws = [generator(seed, "data sample", image_id).random() for image_id in records["image_id"]]
    return records.iloc[np.sort(np.argsort(draws, kind="stable")[:images])].reset_index(drop=True)
