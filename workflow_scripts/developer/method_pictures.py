"""Rule method_pictures: three test images under the map of every method, for docs/methods.md."""

from pathlib import Path

import numpy as np
from PIL import Image

from signsight.attribution.gallery import explain_pictures, picture_table
from signsight.attribution.run import Settings
from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.job import job
from signsight.core.registry import methods
from signsight.data.imageset import open_image_set
from signsight.figures.choice import example_rows
from signsight.figures.gallery import Column, overlays, side_by_side
from signsight.models.of_job import model_of_job

SHOWN, SIDE = 3, 96


def write(path: Path, picture: np.ndarray) -> None:
    """Save a picture (H, W, 3) uint8 as PNG, whole or not at all."""
    with atomic(path) as part:
        Image.fromarray(picture).save(part, format="PNG", optimize=True)


with job(snakemake):
    params, folder = snakemake.params, Path(snakemake.output[0]).parent
    model, _, batch_size = model_of_job(snakemake, "attribution")
    chosen = open_image_set(Path(snakemake.input.images[0]).parent)
    rows = example_rows(chosen.index, SHOWN)
    images, listed = chosen.take(rows), chosen.index.iloc[rows].rename(columns={"image_id": "file"})
    table = picture_table(model, listed, images, "predicted", batch_size)
    write(folder / "picture.png", side_by_side(images, SIDE))
    for name, choice in params.methods.items():
        settings = Settings(
            seed=params.seed, target="predicted", score="logit", batch_size=batch_size, **choice
        )
        found = explain_pictures(model, images, table, settings)
        if "refused" in found:
            raise UserError(str(found["refused"]))
        column = Column(name, methods.about(name)["signed"], found["maps"])
        write(folder / f"{name}.png", overlays(images, column, SIDE))
