"""Rule filter_pictures: a picture of each unit, and the natural pictures that activate it most."""

from pathlib import Path

import numpy as np

from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.features.filters import write_filters
from signsight.features.of_job import making_of_job, store_of_job
from signsight.features.picture_files import picture_folder
from signsight.features.units import unpack

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    making = making_of_job(snakemake)
    with np.load(snakemake.input.scan) as file, picture_folder(output.pictures) as pictures:
        write_filters(
            making,
            params.layers,
            unpack(file),
            ArrayFile(snakemake.input.natural[0]),
            params.examples,
            store_of_job(snakemake, making),
            Path(output.images).parent,
            pictures,
        )
