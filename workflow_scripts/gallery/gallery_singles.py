"""Rule gallery_singles: every map of the gallery as files of its own, in several colourings and as it is."""

from pathlib import Path

import numpy as np

from signsight.core.files import atomic, read_csv
from signsight.core.job import job
from signsight.data.photographs import folder_of
from signsight.figures.gallery import Source
from signsight.figures.gallery_singles import Laid, write_singles

with job(snakemake):
    images = np.load(snakemake.input.images)
    table = read_csv(snakemake.input.table)
    params = snakemake.params
    files = zip(snakemake.input.maps, params.columns, strict=True)
    sources = [Source(file, **column) for file, column in files]
    target = Path(snakemake.output[0])
    if target.is_dir():
        target.rmdir()  # Snakemake has made it, empty
    with atomic(target) as part:
        write_singles(part, images, table, sources, folder_of(Path(params.source)), Laid(**params.laid))
