"""Rule render: have a data set draw its archives."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.dataset import data_set

with job(snakemake):
    folder = Path(snakemake.output[0]).parent
    params = snakemake.params
    data_set(params.data_set).draw(folder, workers=snakemake.threads, seed=params.seed)
