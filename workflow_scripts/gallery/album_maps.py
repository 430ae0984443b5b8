"""Rule album_maps: one method's maps of an album's pictures, and its colours where it has them."""

import numpy as np

from signsight.attribution.gallery import explain_pictures
from signsight.attribution.run import Settings
from signsight.core.files import atomic, read_csv
from signsight.core.job import job
from signsight.models.of_job import model_of_job

with job(snakemake):
    params = snakemake.params
    model, _, batch_size = model_of_job(snakemake, "attribution")
    settings = Settings(
        seed=params.seed,
        batch_size=batch_size,
        **params.explain,
        **params.method,
    )
    table = read_csv(snakemake.input.table)
    found = explain_pictures(model, np.load(snakemake.input.images), table, settings)
    with atomic(snakemake.output[0]) as part, part.open("wb") as file:
        np.savez(file, **found)
