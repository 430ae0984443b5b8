"""Rule gather_maps: maps of all images and what they cost, from those of shards."""

from signsight.attribution.cost_table import joined_costs
from signsight.attribution.join import join_maps
from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.data.shards import grouped

with job(snakemake):
    given, out = snakemake.input, snakemake.output
    for files, maps in zip(grouped(given.maps, len(out.maps)), out.maps, strict=True):
        join_maps(files, maps)
    for files, times in zip(grouped(given.times, len(out.times)), out.times, strict=True):
        write_csv(times, joined_costs([read_csv(file) for file in files]))
