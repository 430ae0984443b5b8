"""Rule dream_sheet: dreams beside the pictures that they start from."""

from pathlib import Path

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.features.picture_files import read_picture
from signsight.figures.feature_sheets import dream_sheets
from signsight.figures.pages import save_pages

with job(snakemake):
    index, folder = read_csv(snakemake.input.index), Path(snakemake.input.pictures)
    pairs = [
        (read_picture(folder / start), read_picture(folder / file))
        for start, file in zip(index["start"], index["file"], strict=True)
    ]
    save_pages(dream_sheets(pairs, index, **snakemake.params.words), snakemake.output[0], ["png"])
