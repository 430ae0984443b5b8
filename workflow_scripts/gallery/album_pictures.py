"""Rule album_pictures: the user's pictures as the classifier sees them, and what it takes them for."""

from pathlib import Path

import numpy as np

from signsight.attribution.gallery import picture_table
from signsight.core.files import atomic, write_csv
from signsight.core.job import job
from signsight.data.photographs import fitted_photographs, list_photographs
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    model, _, batch_size = model_of_job(snakemake, "evaluation")
    listed = list_photographs(Path(params.source), len(model.classes), params.key)
    images = fitted_photographs(listed, Path(params.source), model.size, params.fit)
    table = picture_table(model, listed, images, params.explain["target"], batch_size)
    with atomic(output.images) as part, part.open("wb") as file:
        np.save(file, images)
    write_csv(output.table, table)
