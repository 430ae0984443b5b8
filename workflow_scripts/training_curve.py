"""Rule training_curve: loss and accuracy by epoch."""

import pandas as pd

from signsight.job import job
from signsight.reporting.curves import training_curve
from signsight.reporting.style import save

with job(snakemake):
    save(training_curve(pd.read_csv(snakemake.input[0])), snakemake.output)
