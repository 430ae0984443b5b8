"""Rule photographs: the user's own photographs with prediction and map."""

import numpy as np
import pandas as pd

from signsight.core.job import job
from signsight.figures.examples import real_examples
from signsight.figures.style import name_variants, save

with job(snakemake):
    name_variants(snakemake.params.labels)
    table = pd.read_csv(snakemake.input.predictions, keep_default_na=False)
    figure = real_examples(
        list(np.load(snakemake.input.images)),
        np.load(snakemake.input.maps),
        snakemake.params.method,
        snakemake.params.signed,
        table["predicted_name"].tolist(),
        table["probability"].tolist(),
        [name or None for name in table["class_name"]],
    )
    save(figure, snakemake.output)
