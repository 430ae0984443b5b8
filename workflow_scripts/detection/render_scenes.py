"""Rule render_scenes: drawn street scenes, as archives in the layout of PASCAL VOC."""

from pathlib import Path

from signsight.core.job import job
from signsight.signs.street_archives import render_streets

with job(snakemake):
    folder = Path(snakemake.output[0]).parent
    render_streets(folder, seed=snakemake.params.seed, workers=snakemake.threads, **snakemake.params.drawing)
