"""Rule identical_maps: the methods of the run that give the same maps as another one."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.evaluation.identical import identical_maps

with job(snakemake):
    params = snakemake.params
    write_csv(snakemake.output[0], identical_maps(params.files, params.controls))
