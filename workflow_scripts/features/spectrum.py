"""Rule spectrum: the mean magnitude of the spectrum of natural pictures, for MACO."""

import numpy as np

from signsight.core.files import ArrayFile, atomic
from signsight.core.job import job
from signsight.features.spectrum import natural_magnitude

with job(snakemake):
    magnitude = natural_magnitude(ArrayFile(snakemake.input[0]).batches(256))
    with atomic(snakemake.output[0]) as part, part.open("wb") as file:
        np.save(file, magnitude)
