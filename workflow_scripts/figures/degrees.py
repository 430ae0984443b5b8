"""Rule degrees: accuracy by degree of rotation and perspective."""

import pandas as pd

from signsight.core.job import job
from signsight.figures.curves import degrees
from signsight.figures.published import read_published
from signsight.figures.style import save

with job(snakemake):
    figure = degrees(
        pd.read_csv(snakemake.input.table),
        len(pd.read_csv(snakemake.input.classes)),
        read_published(snakemake.params.published),
        snakemake.params.confidence,
    )
    save(figure, snakemake.output)
