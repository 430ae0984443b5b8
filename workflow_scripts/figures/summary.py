"""Rule summary: the key numbers in words and tables, published beside reproduced."""

from signsight.core.files import write_text
from signsight.core.job import job
from signsight.figures.given import load
from signsight.figures.metric_words import name_metrics
from signsight.figures.published import read_published
from signsight.figures.readable import readable
from signsight.figures.style import name_methods
from signsight.figures.summary import summary
from signsight.verdict.page import in_markdown

with job(snakemake):
    params = snakemake.params
    name_methods(params.looks)
    name_metrics(params.words)
    tables = load(params.given)
    verdict, facts = (
        tables.pop("verdict", None),
        {"published": read_published(params.published), **params.facts},
    )
    # the page is also a part of the report, in which links to the files beside it lead nowhere
    for file, links, shown in zip(snakemake.output, (params.links, {}), (str, readable), strict=True):
        opening = "" if verdict is None else in_markdown(verdict, links)
        write_text(file, shown(summary(**tables, **facts, opening=opening)))
