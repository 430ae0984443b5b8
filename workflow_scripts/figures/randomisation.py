"""Rule randomisation: how maps stay alike while the layers of the network are drawn anew."""

from signsight.core.job import job
from signsight.evaluation.metric_table import read_table
from signsight.figures.faithfulness import cascade
from signsight.figures.style import name_variants, save

with job(snakemake):
    params = snakemake.params
    name_variants(params.labels)
    save(cascade(read_table(snakemake.input[0]), confidence=params.confidence), snakemake.output)
