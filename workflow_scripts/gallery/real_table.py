"""Rule real_table: accuracy of the photographs by group, beside clean test images of the same classes."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.real_examples import read_compared, real_table

with job(snakemake):
    photographs, clean = read_compared(**dict(snakemake.input.items()))
    write_csv(snakemake.output[0], real_table(photographs, clean, snakemake.params.confidence))
