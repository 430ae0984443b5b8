"""The whole verdict of a run: the lines of every topic that its tables say something about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from signsight.evaluation.guessing import no_ranking
from signsight.evaluation.identical import groups, without_repeats
from signsight.verdict.compared import compared
from signsight.verdict.detector import detector
from signsight.verdict.gaps import published
from signsight.verdict.knowledge import hardest_classes, knowledge, refusal
from signsight.verdict.lines import Line, table_of
from signsight.verdict.losses import angles, backgrounds, masking, stickers
from signsight.verdict.photographs import drawn_and_real, on_sticker, photographs
from signsight.verdict.run import few_images, not_measured, seeds, weights
from signsight.verdict.trust import Methods, judged, same_maps

Tables = Mapping[str, pd.DataFrame]


def verdict(
    tables: Tables,
    *,
    confidence: float,
    labels: Mapping[str, str],
    words: Mapping[str, Mapping[str, Any]],
    controls: Collection[str],
    box_controls: Collection[str],
    chance: str | None,
    box_chance: str | None,
    grid: int,
    own_classes: bool,
    network: Mapping[str, Any] | None,
    box_network: Mapping[str, Any] | None,
    seed: int,
    missing: Sequence[Mapping[str, str]],
) -> pd.DataFrame:
    """The verdict as a table, `lines.COLUMNS`, made of the tables that there are, by their names.

    tables: those of the evaluation and of the detection, `classes` and `boxes`. labels: method -> name;
    words: metric -> needs and quantities; controls, chance: methods that look at no network, and the one that
    is noise, of images and of boxes. network, box_network: `kind` of the weights and whether it is `trained`,
    None where there is none. missing: what is not measured, and how to ask for it.
    """
    told = Methods(labels, controls, chance, words)
    boxes = Methods(labels, box_controls, box_chance, words, "boxes")
    lines: list[Line] = []
    if network is not None and "clean" in tables:
        lines += _classifier(tables, told, confidence, grid, own_classes, network, seed)
    if box_network is not None and "boxes" in tables:
        lines += detector(tables["boxes"], tables.get("detection_accuracy"), **box_network)
        lines += _of_boxes(tables, boxes, confidence)
    if "compared_accuracy" in tables:
        lines += compared(tables, labels)
    if "published_gaps" in tables:
        lines += published(tables["published_gaps"])
    return table_of([*lines, *not_measured(missing)])


def _classifier(
    tables: Tables,
    told: Methods,
    confidence: float,
    grid: int,
    own_classes: bool,
    network: Mapping[str, Any],
    seed: int,
) -> Iterator[Line]:
    """What there is to say of a classifier, its explanations and their measures."""
    clean, confusion = tables["clean"], tables["confusion"]
    names = tables["classes"].set_index("class_id")["name"].to_dict()
    count = int(clean["n"].iloc[0])
    yield from knowledge(clean, confusion, names)
    yield from weights(network["kind"], network["trained"], count)
    if no_ranking(clean):
        yield from refusal(clean)
    else:
        yield from hardest_classes(confusion, names, own_classes, confidence)
        yield from _breaks(tables, told, grid)
        yield from _explanations(tables, told, confidence)
    if "on_sticker" in tables:
        yield from on_sticker(tables["on_sticker"], told.labels, told.controls, confidence)
    yield from same_maps(groups(_same(tables)), told.labels)
    yield from few_images(count, network["trained"])
    yield from seeds(tables.get("seeds"), tables.get("trainings"), told.measure, network["trained"], seed)


def _same(tables: Tables) -> pd.DataFrame:
    """The table of identical maps, without rows where there is none."""
    return tables.get("identical_maps", pd.DataFrame({"method": [], "same_as": []}, dtype=str))


def _breaks(tables: Tables, told: Methods, grid: int) -> Iterator[Line]:
    if "geometry" in tables:
        yield from angles(tables["geometry"])
    if "stickers" in tables:
        yield from stickers(tables["stickers"], told.labels, told.chance)
    if "masking" in tables:
        yield from masking(tables["masking"], told.labels, told.controls, told.chance, grid)
    if "background" in tables:
        yield from backgrounds(tables["background"])
    if "real_examples" in tables:
        yield from photographs(tables["real_examples"])
    if "drawn_and_real" in tables:
        yield from drawn_and_real(tables["drawn_and_real"], told.labels)


def _explanations(tables: Tables, told: Methods, confidence: float) -> Iterator[Line]:
    if "pairs" not in tables:
        return
    same = _same(tables)
    joined = {group[0]: " = ".join(told.labels[name] for name in group) for group in groups(same)}
    once = Methods(dict(told.labels) | joined, told.controls, told.chance, told.words)
    metrics = without_repeats(tables["metrics"], same)
    parts = metrics, tables["pairs"], tables["agreement"]
    yield from judged(*parts, once, confidence, "evaluation.images", tables.get("nulls"))


def _of_boxes(tables: Tables, told: Methods, confidence: float) -> Iterator[Line]:
    if "box_pairs" in tables:
        parts = tables["box_metrics"], tables["box_pairs"], tables["box_agreement"]
        yield from judged(*parts, told, confidence, "detection.images", tables.get("box_nulls"))
