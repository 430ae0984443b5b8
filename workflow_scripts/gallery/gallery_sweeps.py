"""Rule gallery_sweeps: SmoothGrad by its two parameters and LayerCAM by layer, of the first pictures."""

from pathlib import Path

import numpy as np

from signsight.attribution.gallery import sweeps
from signsight.attribution.run import Settings
from signsight.core.files import atomic, read_csv
from signsight.core.job import job, torch_device
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    settings = {
        "seed": params.seed,
        **params.explain,
        "batch_size": batch_size_for(snakemake.config["attribution"]["batch_size"], model),
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
