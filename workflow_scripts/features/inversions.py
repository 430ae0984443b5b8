"""Rule inversions: pictures with the features of given ones, layer by layer."""

from pathlib import Path

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.features.given import given_pictures
from signsight.features.inversion_set import error_table, write_inversions
from signsight.features.of_job import making_of_job, store_of_job
from signsight.features.picture_files import picture_folder

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    making = making_of_job(snakemake)
    given = given_pictures(params.given, params.shown)
    store = store_of_job(snakemake, making, params.given["images"])
    with picture_folder(output.pictures) as pictures:
        write_inversions(making, given, params.layers, store, Path(output.images).parent, pictures)
    write_csv(output.table, error_table(read_csv(output.index), params.confidence))
