"""Rule class_animation: the way to the pictures of classes."""

import numpy as np

from signsight.core.job import job
from signsight.figures.feature_pages import way_frames
from signsight.figures.strips import save_animation

with job(snakemake):
    with np.load(snakemake.input[0]) as file:
        shown = file["frames"], file["steps"], file["labels"].tolist()
        frames = way_frames(*shown, label=snakemake.params.label[0], active=file["active"])
    save_animation(snakemake.output[0], frames)
