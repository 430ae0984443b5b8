"""Rule class_sheets: the pictures of classes by every recipe, on as many pages as it takes."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.imageset import open_image_set
from signsight.features.picture_files import picture_folder
from signsight.figures.feature_pages import class_pages
from signsight.figures.style import save

with job(snakemake), picture_folder(snakemake.output[0]) as folder:
    params = snakemake.params
    for (name, words), file in zip(params.words.items(), snakemake.input.sets, strict=True):
        images = open_image_set(Path(file).parent)
        pictures = images.images.read(0, len(images))
        for page, figure in class_pages(pictures, images.index, **words, score=params.scores[name]):
            save(figure, [folder / f"{name}-{page}.png"])
