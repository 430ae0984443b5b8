"""Rule geometry_sheet: a few images rotated and seen in perspective."""

from pathlib import Path

import pandas as pd

from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.figures.choice import example_rows, spread_degrees
from signsight.figures.examples import geometry_sheet
from signsight.figures.style import save
from signsight.perturbation.geometry import warped_examples

with job(snakemake):
    params = snakemake.params
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    names = pd.read_csv(snakemake.input.classes)["name"].to_numpy()
    rows = example_rows(images.index, params.shown)
    degrees = {t: spread_degrees(d) for t, d in params.degrees.items() if d}
    pictures = {t: warped_examples(images.take(rows), t, d) for t, d in degrees.items()}
    save(geometry_sheet(pictures, degrees, names[images.class_ids[rows]]), snakemake.output)
