"""Rule sticker_accuracy: accuracy by sticker and size of sign."""

import pandas as pd

from signsight.core.job import job
from signsight.figures.published import read_published
from signsight.figures.stickers import stickers
from signsight.figures.style import name_variants, save

with job(snakemake):
    name_variants(snakemake.params.labels)
    published = read_published(snakemake.params.published)
    figure = stickers(
        pd.read_csv(snakemake.input.table, keep_default_na=False),
        len(pd.read_csv(snakemake.input.classes)),
        published.get("stickers"),
        snakemake.params.confidence,
    )
    save(figure, snakemake.output)
