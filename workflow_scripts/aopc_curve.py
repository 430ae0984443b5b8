"""Rule aopc_curve: AOPC of every method relative to a random order."""

import pandas as pd

from signsight.job import job
from signsight.reporting.curves import aopc
from signsight.reporting.style import save

with job(snakemake):
    params = snakemake.params
    save(aopc(pd.read_csv(snakemake.input[0]), params.score, params.confidence), snakemake.output)
