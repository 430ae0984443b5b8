"""Rule crop: one part of the data set as an image set, cut to the ROI."""

from pathlib import Path

import pandas as pd

from signsight.core.job import job
from signsight.data.crop import Cut, crop
from signsight.data.source import archive_part, folder_part, imagenette_part, sample_of

with job(snakemake):
    name, params = snakemake.wildcards.part, snakemake.params
    inputs = dict(snakemake.input.items())
    if params.folder:
        part = folder_part(name, params.folder)
    elif "classes" in inputs:
        names = pd.read_csv(inputs["classes"], keep_default_na=False)["name"].tolist()
        part = imagenette_part(name, inputs["images"], names, params.allow_empty)
    else:
        part = archive_part(name, inputs, params.allow_empty)
    part = sample_of(part, params.images, params.seed)
    folder = Path(snakemake.output.images).parent
    cut = Cut(**params.cut)
    crop(part.records, part.pictures, folder, cut, masks=part.masks, workers=snakemake.threads)
