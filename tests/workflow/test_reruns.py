"""A changed config reruns exactly the rules that it can affect: a table of changes and their jobs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tiny_workflow import ROOT, Workflow, changed

MASKED = {"masking_table", "masking", "masked_sheet", "summary"}
STICKERED = {"sticker_table", "sticker_accuracy", "sticker_confusions", "sticker_sheet", "summary"}
TURNED = {"geometry_table", "degrees", "geometry_sheet", "summary"}
PERTURBED = {"aopc_table", "aopc_curve", "summary"}
SHEETS = {"masked_sheet", "geometry_sheet", "sticker_sheet"}
FROM_MODEL = (
    {"attribute": 3, "rank": 3, "mask": 3, "sticker": 2, "warp": 3, "aopc": 3, "score": 9}
    | dict.fromkeys((MASKED | STICKERED | TURNED | PERTURBED) - {"geometry_sheet"}, 1)
    | {"clean_table": 1, "confusion_matrix": 1, "overview": 1, "training_curve": 1}
)


def once(rules: set[str], **more: int) -> dict[str, int]:
    """Each of the rules once, and others as often as told."""
    return dict.fromkeys(rules, 1) | more


TABLE: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "masking colour": ({"masking": {"colour": [0, 0, 0]}}, once(MASKED, mask=3, score=3)),
    "masking ranking": (
        {"masking": {"share": 0.5}},
        once(MASKED | STICKERED, rank=3, mask=3, score=5, sticker=2),
    ),
    "sticker size": (
        {"stickers": {"designs": {"square": {"width": 90, "height": 90}}}},
        once(STICKERED, sticker=2, score=2),
    ),
    "a degree more": ({"geometry": {"rotation": [-30, 30, 45]}}, once(TURNED, warp=1, score=1)),
    "a degree less": ({"geometry": {"rotation": [-30]}}, once(TURNED)),
    "a method more": (
        {"attribution": {"methods": ["random", "saliency", "grad_cam", "grad_cam_pp"]}},
        once(MASKED | PERTURBED, attribute=1, rank=1, mask=1, score=1, aopc=1, overview=1),
    ),
    "a method's parameter": ({"attribution": {"parameters": {"smooth_grad_cam_pp": {"samples": 3}}}}, {}),
    "AOPC": ({"aopc": {"images": 8, "steps": 4}}, once(PERTURBED, aopc=3)),
    "figures": ({"figures": {"overview_images": 3}}, {"overview": 1}),
    "confidence": (
        {"evaluation": {"confidence": 0.9}},
        once((MASKED | STICKERED | TURNED | PERTURBED) - SHEETS, clean_table=1, confusion_matrix=1),
    ),
    "batch sizes": ({"evaluation": {"batch_size": 7}, "attribution": {"batch_size": 5}}, {}),
    "kept data sets": (
        {"keep_datasets": True},
        once((MASKED | STICKERED | TURNED) - {"geometry_sheet"}, mask=3, sticker=2, warp=3, score=8),
    ),
    "device": ({"device": "auto"}, {}),
    "training": ({"training": {"epochs": 3}}, {"train": 1} | FROM_MODEL),
    "examples": ({"data": {"balance": 7}}, {"examples": 1, "train": 1} | FROM_MODEL),
    "data": (
        {"data": {"size": 30}},
        {"crop": 2, "examples": 1, "train": 1, "geometry_sheet": 1} | FROM_MODEL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", TABLE)
def test_change_reruns_exactly(finished: Workflow, change: str) -> None:
    groups, expected = TABLE[change]
    config = changed()
    for group, keys in groups.items():
        config = config | {group: keys if not isinstance(keys, dict) else config.get(group, {}) | keys}
    assert finished.planned(config) == expected


SCORED_MASKS = {"attribute": 1, "rank": 1, "mask": 1, "sticker": 2, "score": 3, "aopc": 1, "overview": 1}
EDITS: dict[str, tuple[str, dict[str, int]]] = {
    "a plot": ("reporting/curves.py", once({"training_curve", "masking", "degrees", "aopc_curve"})),
    "a perturbation": ("perturbation/geometry.py", once(TURNED, warp=3, score=3)),
    "a method": ("attribution/gradient.py", once(MASKED | STICKERED | PERTURBED) | SCORED_MASKS),
    "the training": ("models/training.py", {"train": 1} | FROM_MODEL),
    "wording of errors": ("words.py", {}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_edited_code_reruns_what_uses_it(finished: Workflow, tmp_path: Path, edit: str) -> None:
    file, expected = EDITS[edit]
    for part in ("Snakefile", "rules", "config", "envs", "workflow_scripts"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tmp_path / part)
    edited = tmp_path / "workflow_scripts/signsight" / file
    edited.write_text(edited.read_text() + "\n\n# a comment changes nothing\n")
    assert finished.planned(changed(), snakefile=tmp_path / "Snakefile") == {}
    edited.write_text(edited.read_text() + "\n\nADDED = True\n")
    assert finished.planned(changed(), snakefile=tmp_path / "Snakefile") == expected
