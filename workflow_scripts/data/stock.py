"""Rule stock: one stock picture a class, rendered or from the user's folder."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.dataset import data_set
from signsight.data.stock import write_stock

with job(snakemake):
    params, classes = snakemake.params, len(read_classes(snakemake.input.classes))
    source = Path(params.source) if params.source else None
    folder = Path(snakemake.output[0]).parent
    write_stock(folder, classes, size=params.size, source=source, data_set=data_set(params.data_set))
