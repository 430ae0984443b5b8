"""Rule aopc_curve: AOPC of every method relative to a random order, beside published values."""

import pandas as pd

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.faithfulness import aopc_relative
from signsight.figures.published import published_file
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    published = [pd.read_csv(published_file(name)) for name in params.published]
    table = read_table(snakemake.input[0])
    figure = aopc_relative(table, params.score, *published[:1], confidence=params.confidence)
    save(figure, snakemake.output)
