"""Rule features: the list of all pictures that were made by optimisation."""

import pandas as pd

from signsight.core.errors import UserError
from signsight.core.files import read_csv, write_csv
from signsight.core.job import job

COLUMNS = ["product", "file", "label", "layer", "channel", "picture", "target", "score", "active"]

with job(snakemake):
    if not snakemake.params.tables:
        raise UserError(
            "The config asks for no pictures made by optimisation; set 'features.classes.which' or another "
            "key of 'features' (docs/features.md)."
        )
    tables = []
    for product, file in snakemake.params.tables:
        table = read_csv(file)
        table["file"] = f"{product}/pictures/" + table["file"]
        tables.append(table.assign(product=product))
    whole = pd.concat(tables, ignore_index=True)
    write_csv(snakemake.output[0], whole[[name for name in COLUMNS if name in whole]])
