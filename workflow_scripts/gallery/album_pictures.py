"""Rule album_pictures: the user's pictures as the classifier sees them, and what it takes them for."""

from pathlib import Path

import numpy as np

from signsight.attribution.gallery import picture_table
from signsight.core.files import atomic, write_csv
from signsight.core.job import job, torch_device
from signsight.data.photographs import fitted_photographs, list_photographs
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input[0]).parent, device)
    listed = list_photographs(Path(params.source), len(model.classes), params.key)
    images = fitted_photographs(listed, Path(params.source), model.size, params.fit)
    size = batch_size_for(snakemake.config["evaluation"]["batch_size"], model)
    table = picture_table(model, listed, images, params.explain["target"], size)
    with atomic(output.images) as part, part.open("wb") as file:
        np.save(file, images)
    write_csv(output.table, table)
