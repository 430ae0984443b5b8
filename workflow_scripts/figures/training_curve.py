"""Rule training_curve: loss and accuracy by epoch."""

import pandas as pd

from signsight.core.job import job
from signsight.figures.curves import training_curve
from signsight.figures.style import save

with job(snakemake):
    save(training_curve(pd.read_csv(snakemake.input[0])), snakemake.output)
