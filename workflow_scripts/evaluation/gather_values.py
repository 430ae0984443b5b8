"""Rule gather_values: the answers of a metric for all images, from those for shards."""

from signsight.core.job import job
from signsight.data.shards import grouped
from signsight.evaluation.run import join_answers

with job(snakemake):
    groups = grouped(snakemake.input, len(snakemake.output))
    for files, scores in zip(groups, snakemake.output, strict=True):
        join_answers(files, scores)
