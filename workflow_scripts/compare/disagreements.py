"""Rule disagreements: images that some networks recognise and others do not, with the maps of each."""

from pathlib import Path

from signsight.core.job import job
from signsight.evaluation.compared.disagreements import save_disagreements
from signsight.evaluation.compared.matching import read_matched

with job(snakemake):
    inputs, params = snakemake.input, snakemake.params
    folders = [Path(file).parent for file in inputs.sets[::2]]
    save_disagreements(
        snakemake.output[0], read_matched(inputs.matched), folders, inputs.scores, inputs.classes,
        inputs.maps, params.method or "", params.signed,
    )  # fmt: skip
