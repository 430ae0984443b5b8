"""Rule stock: one stock picture a class, rendered or from the user's folder."""

from pathlib import Path

import pandas as pd

from signsight.core.job import job
from signsight.data.stock import write_stock

with job(snakemake):
    classes = pd.read_csv(snakemake.input.classes)
    folder = Path(snakemake.output[0]).parent
    write_stock(folder, len(classes), size=snakemake.params.size, source=snakemake.params.source)
