"""Rule mask: a data set for every number of masked cells."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.perturbation.masking import masked_sets

with job(snakemake):
    masked_sets(
        open_image_set(Path(snakemake.input.images[0]).parent),
        snakemake.input.cells,
        {int(k): Path(snakemake.params.folder, k) for k in snakemake.params.sets},
        grid=snakemake.params.grid,
        colour=snakemake.params.colour,
    )
