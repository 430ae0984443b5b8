"""Rule unit_scan: the natural pictures that activate the units of layers most."""

from pathlib import Path

import numpy as np

from signsight.core.files import ArrayFile, atomic
from signsight.core.job import job
from signsight.data.imageset import ImageSet
from signsight.features.filters import KEY
from signsight.features.units import pack, scan_units
from signsight.models.of_job import model_of_job

with job(snakemake):
    model, _, batch_size = model_of_job(snakemake, "attribution")
    file = Path(snakemake.input.images[0])
    images = ImageSet(file.parent, ArrayFile(file))
    scans = scan_units(model, images, snakemake.params.layers, snakemake.params.top, batch_size, KEY)
    with atomic(snakemake.output[0]) as part, part.open("wb") as out:
        np.savez(out, **pack(scans))
