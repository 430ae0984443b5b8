"""Rule attribute: maps of one or several attribution methods for the whole test set, and what they cost."""

from pathlib import Path

import pandas as pd

from signsight.attribution.cost import cost_row, forward_seconds
from signsight.attribution.run import Settings, explain_set
from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, out = snakemake.params, snakemake.output
    model, device, batch_size = model_of_job(snakemake, "attribution")
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    forward = forward_seconds(model, next(iter(images.batches(batch_size))), device)
    for method, maps, time in zip(params.methods.values(), out.maps, out.times, strict=True):
        settings = Settings(seed=params.seed, batch_size=batch_size, **params.explain, **method)
        watch = explain_set(model, images, settings, device, Path(maps))
        row = cost_row(watch.seconds, forward, watch.images, batch_size, device)
        write_csv(time, pd.DataFrame([row]))
