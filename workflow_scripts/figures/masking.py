"""Rule masking: accuracy by number of masked cells."""

import pandas as pd

from signsight.core.job import job
from signsight.figures.curves import masking
from signsight.figures.published import read_published
from signsight.figures.style import name_variants, save

with job(snakemake):
    name_variants(snakemake.params.labels)
    params = snakemake.params
    published = read_published(params.published)
    figure = masking(
        pd.read_csv(snakemake.input.table),
        len(pd.read_csv(snakemake.input.classes)),
        params.cells,
        published.get("masking"),
        params.confidence,
    )
    save(figure, snakemake.output)
