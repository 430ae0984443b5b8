"""Rule attribute: maps of one attribution method for the whole test set, and the time that they took."""

from pathlib import Path

import pandas as pd

from signsight.attribution.run import Settings, explain_set
from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.models.of_job import model_of_job

with job(snakemake):
    params = snakemake.params
    model, device, batch_size = model_of_job(snakemake, "attribution")
    settings = Settings(
        seed=params.seed,
        batch_size=batch_size,
        **params.explain,
        **params.method,
    )
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    took = explain_set(model, images, settings, device, Path(snakemake.output.maps))
    write_csv(snakemake.output.time, pd.DataFrame({"images": [len(images)], "seconds": [took]}))
