"""Rule box_sheets: a page a picture, with all its boxes and the maps of those that are explained."""

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.detection.scene_set import open_scene_set
from signsight.features.picture_files import picture_folder
from signsight.figures.box_sheets import Asked, columns_of, detection_pages
from signsight.figures.scene_drawing import views
from signsight.figures.style import save

with job(snakemake), picture_folder(snakemake.output[0]) as folder:
    params, inputs = snakemake.params, snakemake.input
    asked = Asked(**params.asked)
    tables = read_csv(inputs.detections), read_csv(inputs.boxes)
    shown = views(open_scene_set(inputs.scenes), *tables, asked.threshold, params.pictures)
    for name, figure in detection_pages(shown, columns_of(inputs.maps, params.columns), asked):
        save(figure, [folder / f"{name}.png"])
