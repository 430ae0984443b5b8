"""Rule sticker_accuracy: accuracy by sticker and size of sign."""

import pandas as pd

from signsight.job import job
from signsight.reporting.stickers import stickers
from signsight.reporting.style import save

with job(snakemake):
    published = [pd.read_csv(file) for file in snakemake.input.published]
    figure = stickers(
        pd.read_csv(snakemake.input.table, keep_default_na=False),
        len(pd.read_csv(snakemake.input.classes)),
        published[0] if published else None,
        snakemake.params.confidence,
    )
    save(figure, snakemake.output)
