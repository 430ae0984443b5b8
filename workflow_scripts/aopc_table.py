"""Rule aopc_table: AOPC by method and step, also relative to random."""

import numpy as np

from signsight.evaluation.aopc_table import aopc_table
from signsight.files import write_csv
from signsight.job import job

with job(snakemake):
    drops = {m: np.load(f) for m, f in zip(snakemake.params.methods, snakemake.input, strict=True)}
    write_csv(snakemake.output[0], aopc_table(drops, snakemake.params.confidence))
