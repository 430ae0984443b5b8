"""Rule scene_pictures: the pictures that a detector sees, with the boxes and masks of their objects."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.report import settle
from signsight.data.scene_sources import class_names, renamed_classes
from signsight.data.source import local_folder
from signsight.detection.own_pictures import OwnPictures, open_source
from signsight.detection.scene_set import write_scene_set

with job(snakemake):
    params, target = snakemake.params, Path(snakemake.output[0])
    told = params.pictures
    path = Path(snakemake.input[0]) if snakemake.input else local_folder(params.source)
    classes = class_names(told["classes"]) if told["classes"] else ()
    source = open_source(
        told["kind"],
        path,
        classes,
        renamed=renamed_classes(told["classes"]),
        split=told["split"],
        needs_split=told["needs_split"],
    )
    if isinstance(source, OwnPictures):
        count, findings = len(source.ids), source.examine(snakemake.threads)
        settle(findings, count, path, params.findings, params.broken)
    if target.is_dir():
        target.rmdir()  # Snakemake has made it, empty
    write_scene_set(
        source, target, classes, images=told["images"], seed=params.seed, workers=snakemake.threads
    )
