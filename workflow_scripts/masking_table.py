"""Rule masking_table: accuracy by number of masked cells, and the number of empty maps."""

import numpy as np
import pandas as pd

from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import load_correct, masking_table
from signsight.files import write_csv
from signsight.job import job

with job(snakemake):
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    methods = snakemake.params.methods
    scores = {m: load_correct(f, truth) for m, f in zip(methods, snakemake.input.scores, strict=True)}
    empty = {m: np.load(f)[:, 0] < 0 for m, f in zip(methods, snakemake.input.cells, strict=True)}
    counts = [{"method": m, "n": len(truth), "empty": int(e.sum())} for m, e in empty.items()]
    write_csv(snakemake.output.masking, masking_table(scores, empty, snakemake.params.confidence))
    write_csv(snakemake.output.empty, pd.DataFrame(counts))
