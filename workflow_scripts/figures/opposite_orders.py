"""Rules morf_lerf and road: the score with the most and with the least relevant of an image taken first."""

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.faithfulness import opposite_orders
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    curves, metrics = read_table(snakemake.input.curves), read_table(snakemake.input.metrics)
    save(opposite_orders(curves, metrics, params.metric, params.score), snakemake.output)
