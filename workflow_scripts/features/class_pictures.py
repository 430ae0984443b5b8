"""Rule class_pictures: pictures of classes by one recipe, for the network or one with random weights."""

from pathlib import Path

from signsight.core.job import job
from signsight.features.classes import write_class_pictures
from signsight.features.of_job import making_of_job, store_of_job
from signsight.features.picture_files import picture_folder

FRAMES = 12  # checkpoints: how often the 8-bit picture is looked at, for its best state and the animation

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    making = making_of_job(snakemake, snakemake.wildcards.network, FRAMES)
    with picture_folder(output.pictures) as pictures:
        write_class_pictures(
            making,
            params.shown["which"],
            params.shown["restarts"],
            params.shown["diversity"],
            store_of_job(snakemake, making),
            Path(output.images).parent,
            pictures,
        )
