"""Rule classes: number, name and shape of every class."""

import json
from pathlib import Path

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.source import class_table, named_classes

with job(snakemake):
    params = snakemake.params
    if snakemake.input:
        names = json.loads(Path(snakemake.input[0]).read_text(encoding="utf-8"))["classes"]
    else:
        names = params.names
    write_csv(snakemake.output[0], named_classes(names) if names else class_table(params.folder))
