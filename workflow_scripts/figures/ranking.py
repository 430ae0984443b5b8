"""Rule ranking: methods by metrics with their ties, and how far the metrics agree."""

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.ranking import agreement, ranking
from signsight.figures.style import name_variants, save

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    name_variants(params.labels)
    labels = {(metric, quantity): label for metric, quantity, label in params.quantities}
    save(ranking(read_table(inputs.ranking), labels, params.controls), snakemake.output.ranking)
    save(agreement(read_table(inputs.agreement), labels), snakemake.output.agreement)
