"""Rule geometry_table: accuracy by degree of rotation and perspective."""

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import geometry_table, load_correct

with job(snakemake):
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    clean = load_correct(snakemake.input.clean[0], truth)["test"]
    scores = [
        (t, load_correct(f, truth))
        for t, f in zip(snakemake.params.kinds, snakemake.input.scores, strict=True)
    ]
    write_csv(snakemake.output[0], geometry_table(scores, truth, clean, snakemake.params.confidence))
