"""Rule warp: the test set rotated or seen in perspective by one degree."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.perturbation.geometry import warped_set

with job(snakemake):
    warped_set(
        open_image_set(Path(snakemake.input.images[0]).parent),
        Path(snakemake.output[0]).parent,
        snakemake.wildcards.transform,
        int(snakemake.wildcards.degree),
        snakemake.params.fill,
    )
