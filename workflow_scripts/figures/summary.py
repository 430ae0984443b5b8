"""Rule summary: the key numbers in words and tables, published beside reproduced."""

import pandas as pd

from signsight.core.files import write_text
from signsight.core.job import job
from signsight.data.examples import read_examples
from signsight.data.imageset import read_index
from signsight.evaluation.metric_table import read_table
from signsight.figures.published import read_published
from signsight.figures.style import name_variants
from signsight.figures.summary import summary

with job(snakemake):
    name_variants(snakemake.params.labels)
    params, inputs = snakemake.params, dict(snakemake.input.items())
    files = {name: inputs[name] for name in params.tables if inputs.get(name)}
    tables = {}
    for name, file in files.items():
        path = file if isinstance(file, str) else file[0]
        plain = name not in ("metrics", "ranking", "seeds")
        tables[name] = pd.read_csv(path, keep_default_na=False) if plain else read_table(path)
    sizes = {}
    if inputs["examples"]:
        subsets = read_examples(inputs["examples"][0])["subset"]
        sizes = {
            "training": int((subsets == "train").sum()),
            "validation": int((subsets == "validation").sum()),
        }
    sizes["test"] = len(read_index(inputs["test"]))
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
