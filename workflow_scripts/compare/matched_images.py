"""Rule matched_images: where the same images stand in the experiments that are compared."""

from pathlib import Path

from signsight.core.job import job
from signsight.evaluation.compared.matching import match

with job(snakemake):
    folders = {label: Path(files["index"]).parent for label, files in snakemake.params.sets.items()}
    match(folders).save(snakemake.output[0])
