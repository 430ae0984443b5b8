"""Rule pretrained: a network that is taken as it is, as a checkpoint like a trained one."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.class_table import read_classes
from signsight.data.dataset import Options, data_set
from signsight.models.checkpoint import save
from signsight.models.pretrained import adopt, pretrained_classifier

with job(snakemake):
    params, inputs = snakemake.params, snakemake.input
    folder = Path(snakemake.output[0]).parent
    names = read_classes(inputs.classes)["name"].tolist() if inputs.classes else None
    if params.kind == "folder":
        source = Path(inputs.weights[0]).parent
        adopt(source, folder, network=params.network, size=params.size, classes=names)
    else:
        if names is None:  # the data set takes those of the network, or tells it its own
            names = data_set(params.data_set).class_table(Options(params.source))["name"].tolist()
        model = pretrained_classifier(
            params.network,
            params.size,
            weights=inputs.weights[0] if inputs.weights else None,
            named=params.named,
            parameters=params.parameters,
            channels=params.channels,
            classes=params.classes,
            data_classes=names or None,
            same_classes=bool(inputs.classes),
            mean=params.mean,
            std=params.std,
            seed=params.seed,
        )
        save(model, folder, {"weights": params.weights})
