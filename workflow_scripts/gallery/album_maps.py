"""Rule album_maps: one method's maps of an album's pictures, and its colours where it has them."""

from pathlib import Path

import numpy as np

from signsight.attribution.gallery import explain_pictures
from signsight.attribution.run import Settings
from signsight.core.files import atomic, read_csv
from signsight.core.job import job, torch_device
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    settings = Settings(
        seed=params.seed,
        batch_size=batch_size_for(snakemake.config["attribution"]["batch_size"], model),
        **params.explain,
        **params.method,
    )
    table = read_csv(snakemake.input.table)
    found = explain_pictures(model, np.load(snakemake.input.images), table, settings)
    with atomic(snakemake.output[0]) as part, part.open("wb") as file:
        np.savez(file, **found)
