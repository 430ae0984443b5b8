"""Rule gallery_maps: one method's maps of the gallery's pictures, and its colours where it has them."""

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.attribution.gallery import explain_pictures
from signsight.attribution.run import Settings
from signsight.core.files import atomic
from signsight.core.job import job, torch_device
from signsight.models.checkpoint import load
from signsight.models.memory import batch_size_for

with job(snakemake):
    params = snakemake.params
    device = torch_device(snakemake.config["device"], snakemake.threads)
    model = load(Path(snakemake.input.model[0]).parent, device)
    settings = Settings(
        seed=params.seed,
        target=params.target,
        score=params.score,
        batch_size=batch_size_for(snakemake.config["attribution"]["batch_size"], model),
        **params.method,
    )
    table = pd.read_csv(snakemake.input.table, keep_default_na=False)
    found = explain_pictures(model, np.load(snakemake.input.images), table, settings)
    with atomic(snakemake.output[0]) as part, part.open("wb") as file:
        np.savez(file, **found)
