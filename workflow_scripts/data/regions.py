"""Rule regions: where the objects are, from the user's masks or from regions of interest (ROI)."""

from pathlib import Path

import numpy as np

from signsight.core.files import ArrayWriter
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.data.masks import Masks, mask_regions
from signsight.data.regions import roi_regions

with job(snakemake):
    size, masks = snakemake.params.size, snakemake.params.masks
    index = read_index(snakemake.input[0])
    if masks:
        masks = Masks(Path(masks["folder"]), masks["threshold"], masks["fit"])
        found = mask_regions(index, size, masks)
    else:
        found = [roi_regions(index, size, cropped=snakemake.params.cropped)]
    with ArrayWriter(snakemake.output[0], (len(index), size, size), np.uint8) as writer:
        for regions in found:
            writer.append(regions)
