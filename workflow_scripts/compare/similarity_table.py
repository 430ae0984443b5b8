"""Rule similarity_table: mean likeness of the maps of all methods, beside that of different images."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.compared.maps import map_table

with job(snakemake):
    params = snakemake.params
    write_csv(snakemake.output[0], map_table(params.files, params.confidence, params.seed))
