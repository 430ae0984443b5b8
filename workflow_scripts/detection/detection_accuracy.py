"""Rule detection_accuracy: average precision of the detections, by class and on average."""

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.detection.accuracy import accuracy_table
from signsight.detection.scene_set import open_scene_set

with job(snakemake):
    detections = read_csv(snakemake.input.detections)
    table = accuracy_table(
        detections[detections["class_id"] >= 0],
        open_scene_set(snakemake.input.scenes),
        confidence=snakemake.params.confidence,
        seed=snakemake.params.seed,
    )
    write_csv(snakemake.output[0], table)
