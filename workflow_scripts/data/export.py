"""Rule export: any image set as PNG files in class folders."""

from pathlib import Path

import pandas as pd

from signsight.core.job import job
from signsight.data.export import export

with job(snakemake):
    names = pd.read_csv(snakemake.input.classes)["name"].tolist()
    target = Path(snakemake.output[0])
    if target.is_dir():
        target.rmdir()  # Snakemake has made it, empty
    export(Path(snakemake.input.images).parent, target, names)
