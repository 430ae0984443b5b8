"""What a run asks of the network that it trains, so that it can be tried before the training."""

from __future__ import annotations

from typing import Any

from signsight.config.choices import Config, method_choice


def asked_of_network(config: Config) -> dict[str, Any]:
    """Methods, targets, and the layers, units and classes that keys of the config name.

    `methods`: method or variant -> what it stands for; `explain`: what is explained; `targets`: config key ->
    target; `asked`: config key -> its value, of those that name something.
    """
    attribution, evaluation, features = (config[key] for key in ("attribution", "evaluation", "features"))
    targets = {"attribution.target": attribution["target"]}
    if evaluation["metrics"]:
        targets["evaluation.target"] = evaluation["target"]
    named = {
        "features.classes.which": features["classes"]["which"],
        "features.filters.layers": features["filters"]["layers"],
        "features.activations.layers": features["activations"]["layers"],
        "features.inversion.layers": features["inversion"]["layers"],
        "features.dream.targets": features["dream"]["targets"],
        "gallery.layers": config["gallery"]["layers"] if config["gallery"]["source"] else None,
    }
    return {
        "methods": {name: method_choice(config, name) for name in attribution["methods"]},
        "explain": {key: attribution[key] for key in ("target", "score")},
        "targets": targets,
        "asked": {key: value for key, value in named.items() if value},
    }
