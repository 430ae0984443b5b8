"""Rule masking_table: accuracy by number of masked cells, and the number of empty maps."""

import pandas as pd

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import load_masking, masking_table

with job(snakemake):
    scores = [load_masking(file) for file in snakemake.input.scores]
    correct, empty = (
        dict(zip(snakemake.params.methods, part, strict=True)) for part in zip(*scores, strict=True)
    )
    counts = [{"method": m, "n": len(e), "empty": int(e.sum())} for m, e in empty.items()]
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    write_csv(snakemake.output.masking, masking_table(correct, empty, truth, snakemake.params.confidence))
    write_csv(snakemake.output.empty, pd.DataFrame(counts))
