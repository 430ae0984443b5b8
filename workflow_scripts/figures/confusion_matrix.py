"""Rule confusion_matrix: the confusions of the untouched test set."""

import pandas as pd

from signsight.core.job import job
from signsight.figures.confusions import confusion_matrix
from signsight.figures.style import save

with job(snakemake):
    tables = pd.read_csv(snakemake.input.confusion), pd.read_csv(snakemake.input.classes)
    save(confusion_matrix(*tables), snakemake.output)
