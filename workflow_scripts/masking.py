"""Rule masking: accuracy by number of masked cells."""

import pandas as pd

from signsight.job import job
from signsight.reporting.curves import masking
from signsight.reporting.style import save

with job(snakemake):
    params = snakemake.params
    published = [pd.read_csv(file) for file in snakemake.input.published]
    figure = masking(
        pd.read_csv(snakemake.input.table),
        len(pd.read_csv(snakemake.input.classes)),
        params.cells,
        published[0] if published else None,
        params.confidence,
    )
    save(figure, snakemake.output)
