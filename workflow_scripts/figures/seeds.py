"""Rule seeds: one quantity of the networks that differ in the seed of their training."""

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.dots import seeds
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    metric, quantity, label = params.quantity
    table = read_table(snakemake.input[0])
    rows = table[(table["metric"] == metric) & (table["quantity"] == quantity)]
    save(seeds(rows, label, params.direction), snakemake.output)
