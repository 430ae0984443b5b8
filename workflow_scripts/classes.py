"""Rule classes: number, name and shape of every class."""

from signsight.data.source import class_table
from signsight.files import write_csv
from signsight.job import job

with job(snakemake):
    write_csv(snakemake.output[0], class_table(snakemake.params.folder))
