"""Rule box_singles: every map of a box as a picture and as an array, with an index."""

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.detection.scene_set import open_scene_set
from signsight.features.picture_files import picture_folder
from signsight.figures.box_sheets import columns_of
from signsight.figures.box_singles import write_box_singles

with job(snakemake), picture_folder(snakemake.output[0]) as folder:
    params, inputs = snakemake.params, snakemake.input
    columns = columns_of(inputs.maps, params.columns)
    write_box_singles(folder, open_scene_set(inputs.scenes), read_csv(inputs.boxes), columns)
