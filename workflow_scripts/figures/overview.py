"""Rule overview: a sheet of images and their maps by every method."""

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.figures.choice import overview_rows
from signsight.figures.examples import overview
from signsight.figures.style import name_variants, save

with job(snakemake):
    name_variants(snakemake.params.labels)
    params = snakemake.params
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    names = pd.read_csv(snakemake.input.classes)["name"].to_numpy()
    with np.load(snakemake.input.scores[0]) as scores:
        predicted, confidence = scores["predicted"][0], scores["confidence"][0]
    rows = overview_rows(images.index, predicted, confidence, params.shown)
    maps = {m: ArrayFile(f).take(rows) for m, f in zip(params.methods, snakemake.input.maps, strict=True)}
    figure = overview(
        images.take(rows),
        maps,
        params.signed,
        names[images.class_ids[rows]],
        names[predicted[rows]],
        confidence[rows],
    )
    save(figure, snakemake.output)
