"""Rule clean_table: accuracy and confusions on the untouched test set."""

import pandas as pd

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import accuracy_row, confusion_table, load_predicted

with job(snakemake):
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    predicted = load_predicted(snakemake.input.scores[0])["test"]
    row = accuracy_row(predicted == truth, None, snakemake.params.confidence)
    write_csv(snakemake.output.clean, pd.DataFrame([row]))
    write_csv(snakemake.output.confusion, confusion_table(truth, predicted))
