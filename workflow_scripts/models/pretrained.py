"""Rule pretrained: a network that is taken as it is, as a checkpoint like a trained one."""

from pathlib import Path

import pandas as pd

from signsight.core.job import job
from signsight.models.checkpoint import save
from signsight.models.pretrained import adopt, imagenet_classifier

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    folder = Path(snakemake.output[0]).parent
    names = pd.read_csv(inputs.classes, keep_default_na=False)["name"].tolist() if inputs.classes else None
    if params.kind == "folder":
        source = Path(inputs.weights[0]).parent
        adopt(source, folder, network=params.network, size=params.size, classes=names)
    else:
        model = imagenet_classifier(
            params.network,
            params.size,
            weights=inputs.weights[0] if inputs.weights else None,
            named=params.named,
            seed=params.seed,
            classes=names,
        )
        save(model, folder, {"weights": params.weights})
