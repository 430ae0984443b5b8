"""Rule localisation: where the positive relevance of every method lies."""

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.dots import localisation
from signsight.figures.style import name_variants, save

with job(snakemake):
    name_variants(snakemake.params.labels)
    save(localisation(read_table(snakemake.input[0]), snakemake.params.confidence), snakemake.output)
