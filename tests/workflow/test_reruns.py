"""A changed config reruns exactly the rules that it can affect: a table of changes and their jobs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tiny_workflow import ROOT, Workflow, changed

MASKED = {"masking_table", "masking", "masked_sheet", "summary"}
STICKERED = {"sticker_table", "sticker_accuracy", "sticker_confusions", "sticker_sheet", "summary"}
TURNED = {"geometry_table", "degrees", "geometry_sheet", "summary"}
MEASURED = {"metric_table", "aopc_curve", "morf_lerf", "ranking", "cost", "summary"}
PICTURED = {"perturbed_pictures", "perturbed"}
SHEETS = {"masked_sheet", "geometry_sheet", "sticker_sheet"}
# wherever a method has its name written; nothing is computed or counted again
LABELLED = {
    "overview", "masking", "masked_sheet", "sticker_accuracy", "sticker_confusions", "sticker_sheet",
    "aopc_curve", "morf_lerf", "ranking", "cost", "perturbed", "summary",
}  # fmt: skip
# the model, three methods, and for each of them the masking and two metrics
FROM_MODEL = (
    {"attribute": 3, "rank": 3, "sticker": 2, "warp": 3, "score": 6, "evaluate": 9}
    | dict.fromkeys((MASKED | STICKERED | TURNED | MEASURED | PICTURED) - {"geometry_sheet"}, 1)
    | {"clean_table": 1, "confusion_matrix": 1, "overview": 1, "training_curve": 1}
)
# the variant `few`, the one that stickers are placed by
FROM_FEW = dict.fromkeys(MASKED | STICKERED | MEASURED | PICTURED, 1) | {
    "attribute": 1, "rank": 1, "sticker": 2, "score": 2, "evaluate": 3, "overview": 1,
}  # fmt: skip


def once(rules: set[str], **more: int) -> dict[str, int]:
    """Each of the rules once, and others as often as told."""
    return dict.fromkeys(rules, 1) | more


def parameters(group: str, name: str, **keys: Any) -> dict[str, Any]:
    """The change of parameters of one method or metric."""
    return {group: {"parameters": {name: keys}}}


NEVER_RUN: dict[str, Any] = {
    "device": "auto",
    "attribution": {
        "batch_size": 5,
        # the variant has its own number; the others are not run
        "parameters": {"smooth_grad": {"samples": 3}, "lrp_epsilon": {"epsilon": 1}},
        "variants": {"more": {"method": "smooth_grad"}},
    },
    "evaluation": {"batch_size": 7, "parameters": {"deletion": {"steps": 3}}},
    "gallery": {"smoothing": [1]},
}
TABLE: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "what no job depends on": (NEVER_RUN, {}),
    "masking colour": ({"masking": {"colour": [0, 0, 0]}}, once(MASKED, evaluate=3)),
    "masking ranking": (
        {"masking": {"share": 0.5}},
        once(MASKED | STICKERED, rank=3, evaluate=3, score=2, sticker=2),
    ),
    "methods that are masked": ({"masking": {"methods": ["few", "random"]}}, once(MASKED)),
    "sticker size": (
        {"stickers": {"designs": {"square": {"width": 90, "height": 90}}}},
        once(STICKERED, sticker=2, score=2),
    ),
    "a degree more": ({"geometry": {"rotation": [-30, 30, 45]}}, once(TURNED, warp=1, score=1)),
    "a degree less": ({"geometry": {"rotation": [-30]}}, once(TURNED)),
    "a method more": (
        {"attribution": {"methods": ["random", "few", "grad_cam", "grad_cam_pp"]}},
        once(MASKED | MEASURED | PICTURED, attribute=1, rank=1, evaluate=3, overview=1),
    ),
    "a method's parameter": (parameters("attribution", "smooth_grad", spread=0.3), FROM_FEW),
    "a variant's parameter": (
        {"attribution": {"variants": {"few": {"parameters": {"samples": 3}}}}},
        FROM_FEW,
    ),
    "a metric's parameter": (
        parameters("evaluation", "region_perturbation", steps=4),
        once(MEASURED | PICTURED, evaluate=3),
    ),
    "a metric's sample": (parameters("evaluation", "stability", images=4), once(MEASURED, evaluate=3)),
    "the sample of metrics without their own": ({"evaluation": {"images": 7}}, once(MEASURED, evaluate=3)),
    "a metric more": (
        {"evaluation": {"metrics": ["region_perturbation", "stability", "deletion"]}},
        once(MEASURED, evaluate=3, deletion_insertion=1),
    ),
    "a metric less": ({"evaluation": {"metrics": ["region_perturbation"]}}, once(MEASURED)),
    "shares": ({"evaluation": {"shards": 2}}, once(MASKED | MEASURED, evaluate=18, gather=9)),
    "rows of the overview": ({"figures": {"overview_images": 3}}, {"overview": 1}),
    "rows of the sheets": ({"figures": {"sheet_images": 2}}, once(SHEETS | PICTURED)),
    "a variant's label": ({"attribution": {"variants": {"few": {"label": "Few"}}}}, once(LABELLED)),
    "confidence": (
        {"evaluation": {"confidence": 0.9}},
        once((MASKED | STICKERED | TURNED | MEASURED) - SHEETS, clean_table=1, confusion_matrix=1),
    ),
    "kept data sets": (
        {"keep_datasets": True},
        once((STICKERED | TURNED) - {"geometry_sheet"}, mask=3, sticker=2, warp=3, score=5),
    ),
    "training": ({"training": {"epochs": 3}}, {"train": 1} | FROM_MODEL),
    "one more model": (
        {"model": {"seeds": [2020, 1]}},
        {"train": 1, "attribute": 3, "evaluate": 6, "score": 1, "seed_table": 1, "seeds": 1, "summary": 1},
    ),
    "examples": ({"data": {"balance": 7}}, {"examples": 1, "train": 1} | FROM_MODEL),
    "data": (
        {"data": {"size": 30}},
        {"crop": 2, "examples": 1, "train": 1, "geometry_sheet": 1} | FROM_MODEL,
    ),
}


@pytest.fixture(scope="module")
def two_at_once() -> Iterator[ThreadPoolExecutor]:
    """Runs the dry runs of this file two at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def plans(finished: Workflow, two_at_once: ThreadPoolExecutor) -> dict[str, Future[dict[str, int]]]:
    """Change -> the jobs that it reruns."""
    return {
        change: two_at_once.submit(finished.planned, changed(**groups))
        for change, (groups, _) in TABLE.items()
    }


@pytest.mark.parametrize("change", TABLE)
def test_change_reruns_exactly(plans: dict[str, Future[dict[str, int]]], change: str) -> None:
    assert plans[change].result() == TABLE[change][1]


EDITS: dict[str, tuple[str, dict[str, int]]] = {
    "a plot": ("figures/curves.py", once({"training_curve", "masking", "degrees"})),
    "a perturbation": ("perturbation/geometry.py", once(TURNED, warp=3, score=3)),
    "a method": (
        "attribution/cam.py",
        once(MASKED | MEASURED | PICTURED, attribute=1, rank=1, evaluate=3, overview=1),
    ),
    "a metric": ("evaluation/metrics/region_perturbation.py", once(MEASURED | PICTURED, evaluate=3)),
    "the metric of the masking": ("evaluation/metrics/grid_masking.py", once(MASKED, evaluate=3)),
    "how metrics perturb": ("evaluation/engine.py", once(MASKED | MEASURED | PICTURED, evaluate=6)),
    "how maps are compared": ("evaluation/similarity.py", once(MEASURED, evaluate=3)),
    "tables of metrics": ("evaluation/ranking.py", once(MEASURED)),
    "the training": ("models/training.py", {"train": 1} | FROM_MODEL),
    "wording of errors": ("core/words.py", {}),
}


@pytest.fixture(scope="module")
def edited_plans(
    finished: Workflow, tmp_path_factory: pytest.TempPathFactory, two_at_once: ThreadPoolExecutor
) -> dict[str, Future[dict[str, int]]]:
    """Edit -> the jobs that it reruns; each in a copy of the workflow of its own."""

    def plan(folder: Path, file: str, text: str) -> dict[str, int]:
        for part in ("Snakefile", "rules", "config", "envs", "workflow_scripts"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        with (folder / "workflow_scripts/signsight" / file).open("a") as code:
            code.write(text)
        return finished.planned(changed(), snakefile=folder / "Snakefile")

    edits = {edit: (file, "\n\nADDED = True\n") for edit, (file, _) in EDITS.items()}
    edits["a comment"] = ("models/training.py", "\n\n# a comment changes nothing\n")
    folder = tmp_path_factory.mktemp
    return {edit: two_at_once.submit(plan, folder("edited"), *what) for edit, what in edits.items()}


@pytest.mark.parametrize("edit", EDITS)
def test_edited_code_reruns_what_uses_it(edited_plans: dict[str, Future[dict[str, int]]], edit: str) -> None:
    assert edited_plans[edit].result() == EDITS[edit][1]


def test_a_comment_reruns_nothing(edited_plans: dict[str, Future[dict[str, int]]]) -> None:
    assert edited_plans["a comment"].result() == {}
