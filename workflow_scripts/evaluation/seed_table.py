"""Rule seed_table: accuracy and metrics of every training by its seed, and what all have in common."""

import pandas as pd

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import load_correct
from signsight.evaluation.identical import without_repeats
from signsight.evaluation.metric_table import METRIC_COLUMNS, metric_table
from signsight.evaluation.statistics import wilson
from signsight.evaluation.trainings import trainings_table

with job(snakemake):
    params = snakemake.params
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    tables = []
    for (seed, files), clean in zip(params.files.items(), snakemake.input.clean, strict=True):
        correct = load_correct(clean, truth)["test"]
        low, high = wilson(int(correct.sum()), len(correct), params.confidence)
        row = ("accuracy", "accuracy", "model", len(correct), 0, correct.mean(), low, high, "higher", None)
        own = [pd.DataFrame([row], columns=METRIC_COLUMNS)]
        own += [metric_table(files, params.about, params.confidence, params.seed)] if files else []
        tables.append(pd.concat(own).assign(seed=seed)[["seed", *METRIC_COLUMNS]])
    seeds = pd.concat(tables, ignore_index=True)
    write_csv(snakemake.output.seeds, seeds)
    if params.about:
        same = pd.read_csv(snakemake.input.identical, dtype=str)
        pairs = pd.read_csv(snakemake.input.pairs)
        once = without_repeats(seeds, same)
        write_csv(snakemake.output.trainings, trainings_table(once, pairs, params.confidence))
