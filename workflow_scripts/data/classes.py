"""Rule classes: number, name and shape of every class."""

import json
from pathlib import Path

from signsight.core.files import write_csv
from signsight.core.job import job
from signsight.data.dataset import Options, data_set

with job(snakemake):
    params, names = snakemake.params, None
    if snakemake.input:
        names = json.loads(Path(snakemake.input[0]).read_text(encoding="utf-8"))["classes"]
    options = Options(params.source, class_names=names)
    write_csv(snakemake.output[0], data_set(params.data_set).class_table(options))
