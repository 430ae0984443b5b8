"""Rule crop: one part of the data set as an image set, cut to the ROI."""

from pathlib import Path

from signsight.core.files import read_csv
from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options, data_set
from signsight.data.field import Field
from signsight.data.report import without_broken
from signsight.data.sample import sample_of

with job(snakemake):
    params, inputs = snakemake.params, dict(snakemake.input.items())
    names = read_classes(inputs.pop("classes"))["name"].tolist() if "classes" in inputs else None
    findings = inputs.pop("findings", None)
    options = Options(params.source, params.allow_empty, names, params.seed or 0)
    which = snakemake.wildcards.part
    part = data_set(params.data_set).part(which, inputs, options)
    if findings:
        found = read_csv(findings)
        part = without_broken(part, found, test=which == "test", allow_empty=params.allow_empty)
    part = sample_of(part, params.images, params.seed)
    field = Field(**params.field) if params.field else None
    cut = Cut(**params.cut, field=field)
    crop(part, Path(snakemake.output.images).parent, cut, workers=snakemake.threads)
