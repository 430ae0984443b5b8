"""Rule gallery_sheet: the gallery's pictures by methods, on as many pages as it takes."""

from pathlib import Path

import numpy as np

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.figures.gallery import Source, gallery_pages
from signsight.figures.style import save

with job(snakemake):
    images = np.load(snakemake.input.images)
    table = read_csv(snakemake.input.table)
    files = zip(snakemake.input.maps, snakemake.params.columns, strict=True)
    sources = [Source(file, **column) for file, column in files]
    folder = Path(snakemake.output[0])
    for name, figure in gallery_pages(images, table, sources, snakemake.params.network):
        save(figure, [folder / f"{name}.png", folder / f"{name}.svg"])
