"""The document of one experiment: everything that the explorer's page shows of it, from stored results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signsight.explorer.tables import agreement, classes, ranking, verdict, with_chance, with_repeats
from signsight.explorer.tested import test_set


def document(given: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment, its verdict and what is left out: keys `experiment`, `verdict`, `left_out`.

    given: the files of `plan.explorer.Explorer.given`, facts: its `facts`. Parts that an experiment does not
    have are null or absent.
    """
    tables = given["tables"]
    methods = with_repeats(facts["methods"], tables.get("identical_maps"))
    sets, names = [], {}
    if given.get("images"):
        sets.append(test_set(given, facts, methods))
    experiment = {
        **{key: facts[key] for key in ("name", "data_set", "network")},
        "classes": classes(given.get("classes"), names),
        "methods": methods,
        "networks": facts["networks"],
        "metrics": with_chance(facts["metrics"], tables.get("metrics")),
        "sets": sets,
        "ranking": ranking(tables.get("ranking"), facts["confidence"]),
        "agreement": agreement(tables.get("agreement")),
        "learned": None,
    }
    return {"experiment": experiment, "verdict": verdict(tables.get("verdict")), "left_out": []}
