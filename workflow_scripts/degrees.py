"""Rule degrees: accuracy by degree of rotation and perspective."""

import pandas as pd

from signsight.job import job
from signsight.reporting.curves import degrees
from signsight.reporting.style import save

with job(snakemake):
    published = [pd.read_csv(file) for file in snakemake.input.published]
    figure = degrees(
        pd.read_csv(snakemake.input.table),
        len(pd.read_csv(snakemake.input.classes)),
        dict(zip(("rotation", "perspective_vertical"), published, strict=False)),
        snakemake.params.confidence,
    )
    save(figure, snakemake.output)
