"""Rule pretrained_detector: a detector that is taken as it is, as a checkpoint like a trained one."""

from pathlib import Path

from signsight.core.job import job
from signsight.detection.checkpoint import adopt, pretrained, save

with job(snakemake):
    params, folder = snakemake.params, Path(snakemake.output.weights).parent
    source = Path(snakemake.input.weights[0])
    if params.kind == "folder":
        adopt(source.parent, folder, params.network["detector"])
    else:
        found = pretrained(params.network["detector"], params.network["parameters"], params.classes, source)
        save(found, folder, {"weights": params.weights})
