"""Rule composed_pictures: a few test images with other backgrounds, and what the network says of each."""

from pathlib import Path

import numpy as np

from signsight.core.files import ArrayFile
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.evaluation.background import WHOLE, load_answers
from signsight.evaluation.run import save
from signsight.figures.choice import example_rows
from signsight.perturbation.background import Scenes, altered, choose_donors

with job(snakemake):
    params = snakemake.params
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    donors = choose_donors(images.index, params.seed)
    margin = round(params.margin * images.size[0])
    scenes = Scenes(images, ArrayFile(snakemake.input.regions), donors, params.seed, margin)
    rows = example_rows(images.index, params.shown)
    pictures = [images.take(rows), *(altered(scenes, rows, *pair) for pair in params.sets.values())]
    answers = load_answers(snakemake.input.scores)
    predicted = [answers[name][0][rows] for name in (WHOLE, *params.sets)]
    save(
        snakemake.output[0],
        {
            "pictures": np.stack(pictures, axis=1),
            "predicted": np.stack(predicted, axis=1),
            "class_ids": images.class_ids[rows],
            "sets": np.array([("all", "nothing"), *map(tuple, params.sets.values())]),
        },
    )
