"""Rule dreams: DeepDreams of given pictures."""

from pathlib import Path

from signsight.core.job import job
from signsight.features.dream_set import write_dreams
from signsight.features.given import given_pictures, own_sizes
from signsight.features.of_job import making_of_job, store_of_job
from signsight.features.picture_files import picture_folder

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    making = making_of_job(snakemake)
    given = given_pictures(params.given, params.shown)
    sized = list(given.images)
    if params.source:
        sized = own_sizes(params.source, given, params.more["size"])
    store = store_of_job(snakemake, making, params.given["images"])
    with picture_folder(output.pictures) as pictures:
        folder = Path(output.index).parent
        write_dreams(making, given, sized, params.targets, params.more, store, folder, pictures)
