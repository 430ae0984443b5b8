"""Rule crop: one part of the data set as an image set, cut to the ROI."""

from pathlib import Path

from signsight.data.crop import Cut, crop
from signsight.data.source import archive_part, folder_part
from signsight.job import job

with job(snakemake):
    name, params = snakemake.wildcards.part, snakemake.params
    if params.folder:
        part = folder_part(name, params.folder)
    else:
        part = archive_part(name, dict(snakemake.input.items()), params.allow_empty)
    folder = Path(snakemake.output.images).parent
    cut = Cut(**params.cut)
    crop(part.records, part.pictures, folder, cut, masks=part.masks, workers=snakemake.threads)
