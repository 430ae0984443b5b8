"""Rule rank: the most relevant grid cells of every image by one method's maps."""

from signsight.core.job import job
from signsight.perturbation.masking import rank_file

with job(snakemake):
    ranking = snakemake.params.ranking
    rank_file(
        snakemake.input[0],
        snakemake.output[0],
        grid=ranking["grid"],
        share=ranking["share"],
        count=ranking["max_cells"],
    )
