"""Rule class_means: the mean picture of every class."""

from pathlib import Path

import numpy as np

from signsight.core.files import atomic
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.features.natural import class_means
from signsight.models.of_job import model_of_job

with job(snakemake):
    model, _, _ = model_of_job(snakemake, "attribution")
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    means = class_means(images.batches(1024), images.class_ids, len(model.classes))
    with atomic(snakemake.output[0]) as part, part.open("wb") as file:
        np.save(file, means)
