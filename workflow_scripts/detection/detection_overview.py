"""Rule detection_overview: the first pictures with their boxes, each beside the map of its best box."""

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.detection.scene_set import open_scene_set
from signsight.figures.box_sheets import Asked, columns_of, detection_overview
from signsight.figures.scene_drawing import views
from signsight.figures.style import save

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    asked = Asked(**params.asked)
    tables = read_csv(inputs.detections), read_csv(inputs.boxes)
    shown = views(open_scene_set(inputs.scenes), *tables, asked.threshold, params.pictures)
    (column,) = columns_of([inputs.maps], [params.column])
    save(detection_overview(shown, column, asked), snakemake.output)
