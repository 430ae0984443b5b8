"""Rule album_pictures: the user's pictures as the classifier sees them, and what it takes them for."""

from pathlib import Path

import numpy as np

from signsight.attribution.gallery import picture_table
from signsight.core.errors import UserError
from signsight.core.files import atomic, write_csv
from signsight.core.job import job
from signsight.data.photograph_columns import Columns
from signsight.data.photographs import list_photographs, see_photographs
from signsight.data.report import settle
from signsight.models.of_job import model_of_job

with job(snakemake):
    params, output = snakemake.params, snakemake.output
    model, _, batch_size = model_of_job(snakemake, "evaluation")
    columns = Columns(**params.columns)
    listed = list_photographs(Path(params.source), model.classes, params.key, columns)
    seen = see_photographs(listed, Path(params.source), model.size, params.fit, snakemake.threads)
    settle(seen.findings, len(listed.table), params.source, params.findings, params.broken)
    if not len(seen.table):
        raise UserError(
            f"Config key {params.key!r}: none of the pictures in {params.source} can be used; replace them."
        )
    table = picture_table(model, seen.table, seen.images, params.explain["target"], batch_size)
    with atomic(output.images) as part, part.open("wb") as file:
        np.save(file, seen.images)
    write_csv(output.table, table)
    write_csv(output.findings, seen.findings)
