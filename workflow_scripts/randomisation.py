"""Rule randomisation: how maps stay alike while the layers of the network are drawn anew."""

from signsight.evaluation.metric_table import read_table
from signsight.job import job
from signsight.reporting.faithfulness import cascade
from signsight.reporting.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    save(cascade(read_table(snakemake.input[0]), confidence=params.confidence), snakemake.output)
