"""Rule sticker: a data set for every design and size of sign, stickers at the most relevant cell."""

from pathlib import Path

import numpy as np

from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.imageset import open_image_set, read_index
from signsight.perturbation.stickering import sticker_cells, stickered_set

with job(snakemake):
    params, target = snakemake.params, snakemake.wildcards.target
    images = open_image_set(Path(snakemake.input.base[0]).parent)
    shapes = read_classes(snakemake.input.classes)["shape"].tolist()
    first = np.load(snakemake.input.cells)[:, 0]
    if target != "test":
        tested = read_index(snakemake.input.test)["class_id"].to_numpy()
        first = sticker_cells(images.class_ids, tested, first, len(shapes))
    for name, (design, sign_size) in params.sets.items():
        stickered_set(
            images,
            Path(params.folder, name),
            cells=first,
            shapes=shapes,
            design=params.designs[design],
            sign_widths=params.sign_widths[sign_size],
            grid=params.grid,
            cropped=params.cropped,
        )
