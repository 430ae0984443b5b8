"""Rule deletion_insertion: the score while the most relevant pixels are hidden, and shown."""

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.faithfulness import deletion_insertion
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    tables = read_table(snakemake.input.curves), read_table(snakemake.input.metrics)
    save(deletion_insertion(*tables, params.hidden, params.score, params.confidence), snakemake.output)
