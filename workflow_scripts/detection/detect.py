"""Rule detect: what the detector finds in the test pictures, and which of the boxes are explained."""

from pathlib import Path

from signsight.core.files import write_csv
from signsight.core.job import job, torch_device
from signsight.detection.checkpoint import load
from signsight.detection.detect import detect, save_tensors
from signsight.detection.scene_set import open_scene_set

with job(snakemake):
    params, out = snakemake.params, snakemake.output
    device = torch_device(snakemake.config["device"], snakemake.threads)
    detector = load(Path(snakemake.input.model[0]).parent, device)
    found = detect(detector, open_scene_set(snakemake.input.scenes), params.boxes, params.overlap, device)
    write_csv(out.detections, found.detections)
    write_csv(out.boxes, found.boxes)
    save_tensors(out.tensors, found.tensors, detector.head.activation)
