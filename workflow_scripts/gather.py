"""Rule gather: the answers of a metric for all images, from those for shares of them."""

from signsight.evaluation.run import merge, save
from signsight.job import job

with job(snakemake):
    save(snakemake.output[0], merge(snakemake.input))
