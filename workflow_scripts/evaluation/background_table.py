"""Rule background_table: accuracy on pictures with other backgrounds, and on backgrounds alone."""

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.evaluation.background import background_table, load_answers
from signsight.perturbation.background import DONORS

with job(snakemake):
    params = snakemake.params
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    donors = read_csv(snakemake.input.donors)
    lent = {kind: donors[f"{kind}_id"].to_numpy() for kind in DONORS}
    answers = {s: load_answers(f) for s, f in zip(params.seeds, snakemake.input.scores, strict=True)}
    write_csv(
        snakemake.output[0],
        background_table(answers, params.sets, truth, lent, params.confidence, params.seed),
    )
