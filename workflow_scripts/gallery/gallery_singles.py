"""Rule gallery_singles: every map of the gallery as files of its own, in several colourings."""

from pathlib import Path

import numpy as np

from signsight.core.files import atomic, read_csv
from signsight.core.job import job
from signsight.figures.gallery import Source, write_singles

with job(snakemake):
    images = np.load(snakemake.input.images)
    table = read_csv(snakemake.input.table)
    files = zip(snakemake.input.maps, snakemake.params.columns, strict=True)
    target = Path(snakemake.output[0])
    if target.is_dir():
        target.rmdir()  # Snakemake has made it, empty
    with atomic(target) as part:
        write_singles(part, images, table, [Source(file, **column) for file, column in files])
