"""The document of one experiment: everything that the explorer's page shows of it, from stored results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signsight.explorer.albums import album_set
from signsight.explorer.boxes import detection_set
from signsight.explorer.learned import learned
from signsight.explorer.tables import (
    agreement,
    classes,
    ranking,
    verdict,
    with_chance,
    with_repeats,
    without_refused,
)
from signsight.explorer.tested import test_set


def document(given: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment, its verdict and what is left out: keys `experiment`, `verdict`, `left_out`.

    given: the files of `plan.explorer.Explorer.given`, facts: its `facts`. Parts that an experiment does not
    have are null or absent; a network that is no better than guessing has no ranking.
    """
    tables = without_refused(given["tables"])
    methods = with_repeats(facts["methods"], tables.get("identical_maps"))
    tested = test_set(given, facts, methods) if given.get("images") else None
    albums = [album_set(name, own, facts["images"], methods) for name, own in given["albums"].items()]
    scenes = detection_set(given["detection"], facts) if given["detection"] else None
    sets = [one for one in (tested, *albums, scenes) if one]
    experiment = {
        **{key: facts[key] for key in ("name", "data_set", "network")},
        "classes": classes(given),
        "methods": methods,
        "networks": facts["networks"],
        "metrics": with_chance(facts["metrics"], tables.get("metrics")),
        "sets": sets,
        "ranking": ranking(tables.get("ranking"), facts["confidence"]),
        "agreement": agreement(tables.get("agreement")),
        "box_ranking": ranking(tables.get("box_ranking"), facts["confidence"], "box"),
        "learned": learned(given["features"], facts, tested),
    }
    return {"experiment": experiment, "verdict": verdict(tables.get("verdict")), "left_out": _left_out(sets)}


def _left_out(sets: list[dict[str, Any]]) -> list[str]:
    """Sentences on methods that have no maps in a set."""
    return [
        f"{one['label']}: no maps by {method}: {sentence}"
        for one in sets
        for method, sentence in one.get("refused", {}).items()
    ]
