"""Rule check_methods: what the config asks of the network is tried on random weights, before the training."""

import torch

from signsight.attribution.suits import noise, refuse_unknown_target, refuse_unsuited, untrained
from signsight.core.files import write_text
from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.features.suits import refuse_missing

with job(snakemake):
    params = snakemake.params
    torch.set_num_threads(max(snakemake.threads, 1))
    classes = read_classes(snakemake.input.classes)["name"].tolist()
    model = untrained(classes=classes, size=params.size, **params.network)
    for key, target in params.targets.items():
        refuse_unknown_target(model, target, key)
    refuse_unsuited(model, params.methods, params.explain, "attribution.methods")
    refuse_missing(model, params.asked, noise(model))
    write_text(snakemake.output[0], "".join(f"{name}\n" for name in params.methods))
