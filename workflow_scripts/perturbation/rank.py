"""Rule rank: the grid cells of every image, most relevant first, by one method's maps."""

from signsight.core.job import job
from signsight.perturbation.masking import rank_file

with job(snakemake):
    ranking = snakemake.params.ranking
    rank_file(snakemake.input[0], snakemake.output[0], **ranking, count=ranking["grid"] ** 2)
