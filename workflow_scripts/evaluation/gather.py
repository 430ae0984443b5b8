"""Rule gather: the answers of a metric for all images, from those for shares of them."""

from signsight.core.job import job
from signsight.evaluation.run import merge, save

with job(snakemake):
    save(snakemake.output[0], merge(snakemake.input))
