"""Rule regions: where the signs are, from their regions of interest (ROI)."""

import numpy as np

from signsight.core.files import ArrayWriter
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.data.regions import roi_regions

with job(snakemake):
    size = snakemake.params.size
    found = roi_regions(read_index(snakemake.input[0]), size, cropped=False)
    with ArrayWriter(snakemake.output[0], (len(found), size, size), np.uint8) as writer:
        writer.append(found)
