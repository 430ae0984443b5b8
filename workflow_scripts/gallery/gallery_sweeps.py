"""Rule gallery_sweeps: SmoothGrad by its two parameters and LayerCAM by layer, of the first pictures."""

import numpy as np

from signsight.attribution.gallery import sweeps
from signsight.attribution.run import Settings
from signsight.core.files import atomic, read_csv
from signsight.core.job import job
from signsight.models.of_job import model_of_job

with job(snakemake):
    params = snakemake.params
    model, _, batch_size = model_of_job(snakemake, "attribution")
    settings = {
        "seed": params.seed,
        **params.explain,
        "batch_size": batch_size,
    }
    images = np.load(snakemake.input.images)[: params.pictures]
    table = read_csv(snakemake.input.table)[: params.pictures]
    found = sweeps(
        model,
        images,
        table,
        Settings(**settings, **params.smooth),
        Settings(**settings, **params.layer),
        **params.sweeps,
    )
    with atomic(snakemake.output[0]) as part, part.open("wb") as file:
        np.savez(file, **found)
