"""Rule summary: the key numbers in words and tables, published beside reproduced."""

import pandas as pd

from signsight.data.examples import read_examples
from signsight.data.imageset import read_index
from signsight.files import write_text
from signsight.job import job
from signsight.reporting.published import read_published
from signsight.reporting.summary import summary

with job(snakemake):
    params, inputs = snakemake.params, dict(snakemake.input.items())
    files = {name: inputs[name] for name in params.tables if inputs.get(name)}
    tables = {
        name: pd.read_csv(file if isinstance(file, str) else file[0], keep_default_na=False)
        for name, file in files.items()
    }
    subsets = read_examples(inputs["examples"])["subset"]
    sizes = {
        "training": int((subsets == "train").sum()),
        "validation": int((subsets == "validation").sum()),
        "test": len(read_index(inputs["test"])),
    }
    text = summary(
        experiment=params.experiment,
        dataset=params.dataset,
        model=params.model,
        sizes=sizes,
        published=read_published(params.published),
        cropped=params.cropped,
        confidence=params.confidence,
        **tables,
    )
    write_text(snakemake.output[0], text)
