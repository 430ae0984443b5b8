"""Rule masked_sheet: a few images with their most relevant cells masked, by every method."""

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.evaluation.accuracy import load_masking
from signsight.figures.choice import example_rows
from signsight.figures.examples import masked_sheet
from signsight.figures.style import name_variants, save
from signsight.perturbation.masking import masked_steps

with job(snakemake):
    name_variants(snakemake.params.labels)
    params = snakemake.params
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    names = pd.read_csv(snakemake.input.classes)["name"].to_numpy()
    rows = example_rows(images.index, params.shown)
    pictures, right = {}, {}
    for method, cells, scores in zip(
        params.methods, snakemake.input.cells, snakemake.input.scores, strict=True
    ):
        ranked = ArrayFile(cells).take(rows)
        pictures[method] = masked_steps(images.take(rows), ranked, grid=params.grid, colour=params.colour)
        correct, _ = load_masking(scores)
        right[method] = np.stack([correct[k][rows] for k in params.sets], axis=1)
    titles = names[images.class_ids[rows]]
    save(masked_sheet(pictures, [int(k) for k in params.sets], titles, right), snakemake.output)
