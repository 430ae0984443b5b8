"""Rule gather_scores: predictions of the classifier for all images, from those for shards."""

from signsight.core.job import job
from signsight.evaluation.accuracy import join_predictions

with job(snakemake):
    join_predictions(snakemake.input, snakemake.output[0])
