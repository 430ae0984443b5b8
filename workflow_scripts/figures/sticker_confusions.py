"""Rule sticker_confusions: what stickered signs are taken for."""

import pandas as pd

from signsight.core.job import job
from signsight.figures.confusions import sticker_confusions
from signsight.figures.style import name_variants, save

with job(snakemake):
    name_variants(snakemake.params.labels)
    save(sticker_confusions(pd.read_csv(snakemake.input[0])), snakemake.output)
