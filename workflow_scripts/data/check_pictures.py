"""Rule check_pictures: one pass over the user's own pictures that names what is broken, skipped or odd."""

from signsight.core.errors import UserError
from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.dataset import Options, data_set
from signsight.data.report import examine, settle

with job(snakemake):
    params = snakemake.params
    options = Options(params.source, params.allow_empty, seed=params.seed or 0)
    chosen = data_set(params.data_set)
    parts = {part: chosen.part(part, {}, options) for part in params.parts}
    names = chosen.class_table(options)["name"].tolist()
    seen = examine(parts, names, params.source, snakemake.threads)
    settle(seen.findings, seen.pictures, params.source, params.findings, params.broken)
    if seen.useless:
        raise UserError(seen.useless)
    write_csv(snakemake.output[0], seen.findings)
