"""Rule on_sticker_table: how much of the relevance of photographs lies on their stickers, by method."""

from signsight.core.files import read_csv, write_csv
from signsight.core.job import job
from signsight.core.stored import stored_arrays
from signsight.evaluation.on_sticker import on_sticker

with job(snakemake):
    params = snakemake.params
    table = read_csv(snakemake.input.table)
    told = table["boxes"].tolist(), table["track"].tolist()
    found = {method: stored_arrays(file) for method, file in params.files.items()}
    maps = {method: own["maps"] for method, own in found.items() if "refused" not in own}
    write_csv(snakemake.output[0], on_sticker(*told, maps, params.confidence, params.seed))
