"""Rule scene_pictures: the pictures that a detector sees, with the boxes and masks of their objects."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.source import local_folder
from signsight.detection.own_pictures import open_source
from signsight.detection.scene_set import write_scene_set
from signsight.detection.sources import class_names, renamed_classes

with job(snakemake):
    params, target = snakemake.params, Path(snakemake.output[0])
    path = Path(snakemake.input[0]) if snakemake.input else local_folder(params.source)
    classes, renamed = class_names(params.classes), renamed_classes(params.classes)
    source = open_source(params.kind, path, classes, renamed=renamed, split=params.split)
    if target.is_dir():
        target.rmdir()  # Snakemake has made it, empty
    write_scene_set(
        source, target, classes, images=params.images, seed=params.seed, workers=snakemake.threads
    )
