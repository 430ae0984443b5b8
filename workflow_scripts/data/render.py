"""Rule render: draw the embedded data set `signs` as archives of GTSRB's names and layout."""

from pathlib import Path

from signsight.core.job import job
from signsight.signs.archives import render_archives

with job(snakemake):
    folder = Path(snakemake.output[0]).parent
    render_archives(folder, workers=snakemake.threads, **snakemake.params.signs)
