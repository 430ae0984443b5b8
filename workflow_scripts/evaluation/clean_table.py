"""Rule clean_table: accuracy, mean AUC and confusions on the untouched test set."""

import logging

import pandas as pd

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import accuracy_row, confusion_table, load_predicted
from signsight.evaluation.auc import auc_row, load_columns

with job(snakemake):
    file, level = snakemake.input.scores[0], snakemake.params.confidence
    truth = read_index(snakemake.input.index)["class_id"].to_numpy()
    predicted = load_predicted(file)["test"]
    row = accuracy_row(predicted == truth, truth, None, level)
    row |= auc_row(*load_columns(file, "test"), truth, level)
    classes = len(read_classes(snakemake.input.classes))
    if row["auc_classes"] < classes:
        told = "the AUC is the mean over %d of %d classes: the others have no test images"
        logging.getLogger("signsight").info(told, row["auc_classes"], classes)
    write_csv(snakemake.output.clean, pd.DataFrame([row]))
    write_csv(snakemake.output.confusion, confusion_table(truth, predicted))
