"""Rule class_animation: the way to the pictures of classes."""

import numpy as np
from signsight.figures.feature_pages import way_frames

from signsight.core.job import job
from signsight.figures.strips import save_animation

with job(snakemake):
    with np.load(snakemake.input[0]) as file:
        frames = way_frames(file["frames"], file["steps"], file["labels"].tolist())
    save_animation(snakemake.output[0], frames)
