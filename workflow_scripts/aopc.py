"""Rule aopc: fall of the score as one method's most relevant regions are replaced."""

from pathlib import Path

from signsight.data.imageset import open_image_set
from signsight.evaluation.aopc import Protocol, curves, sample_rows
from signsight.files import ArrayFile
from signsight.job import batch_size_for, job, torch_device
from signsight.models.checkpoint import load

with job(snakemake):
    device = torch_device(snakemake.config["device"], snakemake.threads)
    protocol = Protocol(**snakemake.params.protocol)
    images = open_image_set(Path(snakemake.input.images[0]).parent)
    curves(
        load(Path(snakemake.input.model[0]).parent, device),
        images,
        ArrayFile(snakemake.input.maps),
        sample_rows(len(images), snakemake.params.images, protocol.seed),
        protocol,
        device,
        batch_size_for(snakemake.config["evaluation"]["batch_size"], device),
        Path(snakemake.output[0]),
    )
