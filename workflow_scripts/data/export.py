"""Rule export: any image set as PNG files in class folders."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.export import export

with job(snakemake):
    names = read_classes(snakemake.input.classes)["name"].tolist()
    target = Path(snakemake.output[0])
    if target.is_dir():
        target.rmdir()  # Snakemake has made it, empty
    export(Path(snakemake.input.images).parent, target, names)
