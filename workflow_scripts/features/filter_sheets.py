"""Rule filter_sheets: the pictures of units beside the natural pictures that activate them most."""

from pathlib import Path

import numpy as np

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.features.picture_files import picture_folder
from signsight.figures.feature_pages import filter_pages
from signsight.figures.style import save

with job(snakemake), picture_folder(snakemake.output[0]) as folder:
    inputs = snakemake.input
    images = open_image_set(Path(inputs.images).parent)
    examples, patches = np.load(inputs.examples, mmap_mode="r"), read_csv(inputs.patches)
    pictures = images.images.read(0, len(images))
    for page, figure in filter_pages(pictures, images.index, examples, patches, **snakemake.params.words):
        save(figure, [folder / f"{page}.png"])
