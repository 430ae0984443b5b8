"""A changed config or an edited file reruns exactly the jobs that it can affect."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from signsight.core.source import PACKAGE
from tiny_workflow import ROOT, Workflow, changed, drawn_from

EXPLORED = {"explorer_document", "explorer_page"}  # the page, of what nearly every job makes
TOLD = EXPLORED | {"summary", "verdict"}
MASKED = TOLD | {"masking_table", "masking", "masked_sheet"}
STICKERED = TOLD | {"sticker_table", "sticker_accuracy", "sticker_confusions", "sticker_sheet"}
CLEAN = EXPLORED | {"clean_table"} | drawn_from("confusion")
TURNED = TOLD | {"geometry_table", "degrees"}
MEASURED = TOLD | {"metric_table", "aopc_curve", "morf_lerf", "nulls", "ranking", "agreement", "cost"}
PICTURED = {"perturbed_pictures", "perturbed"}
MAPS = EXPLORED | {"identical_maps", "overview"}  # what is made of the maps of all methods
SHEETS = {"masked_sheet", "geometry_sheet", "sticker_sheet"}
# wherever a method has its name written; nothing is computed or counted again
LABELLED = EXPLORED | {
    "overview", "masking", "masked_sheet", "sticker_accuracy", "sticker_confusions", "aopc_curve",
    "morf_lerf", "nulls", "ranking", "cost", "perturbed", "summary", "verdict",
}  # fmt: skip
ASKED = {"check_methods"}  # what is asked of the network, tried before its training
# the model, three methods, and for each of them the masking and two metrics
FROM_MODEL = (
    {"attribute": 3, "rank": 3, "sticker": 2, "warp": 3, "score": 6, "evaluate": 9}
    | dict.fromkeys(CLEAN | MASKED | STICKERED | TURNED | MEASURED | PICTURED | MAPS, 1)
    | {"training_curve": 1}
)
# the variant `few`, the one that stickers are placed by
FROM_FEW = dict.fromkeys(ASKED | MASKED | STICKERED | MEASURED | PICTURED | MAPS, 1) | {
    "attribute": 1, "rank": 1, "sticker": 2, "score": 2, "evaluate": 3,
}  # fmt: skip


def once(rules: set[str], **more: int) -> dict[str, int]:
    """Each of the rules once, and others as often as told."""
    return dict.fromkeys(rules, 1) | more


def parameters(group: str, name: str, **keys: Any) -> dict[str, Any]:
    """The change of parameters of one method or metric."""
    return {group: {"parameters": {name: keys}}}


TABLE: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "masking colour": ({"masking": {"colour": [0, 0, 0]}}, once(MASKED, evaluate=3)),
    "masking ranking": (
        {"masking": {"share": 0.5}},
        once(MASKED | STICKERED, rank=3, evaluate=3, score=2, sticker=2),
    ),
    "masked cells": ({"masking": {"max_cells": 3}}, once(MASKED, evaluate=3)),
    "methods that are masked": ({"masking": {"methods": ["few", "random"]}}, once(MASKED)),
    "sticker size": (
        {"stickers": {"designs": {"square": {"width": 90, "height": 90}}}},
        once(STICKERED, sticker=2, score=2),
    ),
    "a degree more": (
        {"geometry": {"rotation": [-30, 30, 45]}},
        once(TURNED, warp=1, score=1, geometry_sheet=1),
    ),
    "a degree less": ({"geometry": {"rotation": [-30]}}, once(TURNED, geometry_sheet=1)),
    "a method more": (
        {"attribution": {"methods": ["random", "few", "grad_cam", "grad_cam_pp"]}},
        once(ASKED | MASKED | MEASURED | PICTURED | MAPS, attribute=1, rank=1, evaluate=3),
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
    "shards": (
        {"shards": 2},
        {rule: count for rule, count in FROM_MODEL.items() if rule != "training_curve"}
        | {"attribute": 6, "gather_maps": 3, "score": 12, "gather_scores": 6}
        | {"evaluate": 18, "gather_values": 9},
    ),
    "rows of the overview": ({"figures": {"overview_images": 3}}, {"overview": 1}),
    "rows of the sheets": ({"figures": {"sheet_images": 2}}, once(SHEETS | PICTURED)),
    "a variant's label": (
        {"attribution": {"variants": {"few": {"label": "Few"}}}},
        once(LABELLED | {"sticker_sheet"}),
    ),
    "confidence": (
        {"evaluation": {"confidence": 0.9}},
        once((CLEAN | MASKED | STICKERED | TURNED | MEASURED) - SHEETS),
    ),
    "kept data sets": (
        {"keep_datasets": True},
        once(STICKERED | TURNED, mask=3, sticker=2, warp=3, score=5),
    ),
    "training": ({"training": {"epochs": 3}}, {"train": 1} | FROM_MODEL),
    "one more model": (
        {"model": {"seeds": [2020, 1]}},
        once(TOLD | {"seed_table", "seeds"}, train=1, attribute=3, evaluate=6, score=1),
    ),
    "examples": ({"data": {"balance": 7}}, {"examples": 1, "train": 1} | FROM_MODEL),
    "data": (
        {"data": {"size": 30}},
        {"check_methods": 1, "crop": 2, "examples": 1, "train": 1, "geometry_sheet": 1} | FROM_MODEL,
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


ADDED = ("", "ADDED = True")
# An edit is a text that is put in the place of another one, or at the end of the file.
EDITS: dict[str, tuple[str, str, str, dict[str, int]]] = {
    "a plot": ("figures/curves.py", *ADDED, once({"training_curve", "masking", "degrees"})),
    "a perturbation": ("perturbation/geometry.py", *ADDED, once(TURNED, warp=3, score=3, geometry_sheet=1)),
    "a method": (
        "attribution/cam.py",
        *ADDED,
        once(ASKED | MASKED | MEASURED | PICTURED | MAPS, attribute=1, rank=1, evaluate=3),
    ),
    "a metric": (
        "evaluation/metrics/region_perturbation.py", *ADDED, once(MEASURED | PICTURED, evaluate=3),
    ),
    "a replacement": ("perturbation/replacements.py", *ADDED, once(MEASURED | PICTURED, evaluate=3)),
    "the metric of the masking": ("evaluation/metrics/grid_masking.py", *ADDED, once(MASKED, evaluate=3)),
    "how metrics perturb": ("evaluation/engine.py", *ADDED, once(MASKED | MEASURED | PICTURED, evaluate=6)),
    "how maps are compared": ("evaluation/similarity.py", *ADDED, once(MEASURED, evaluate=3)),
    "tables of metrics": ("evaluation/ranking.py", *ADDED, once(MEASURED)),
    "how stickers are placed": ("perturbation/stickering.py", *ADDED, once(STICKERED, sticker=2, score=2)),
    "how cells are masked": (
        "perturbation/masking.py", *ADDED,
        once(STICKERED | {"masked_sheet"}, rank=3, sticker=2, score=2),
    ),
    "the training": ("models/training.py", *ADDED, {"train": 1} | FROM_MODEL),
    "a network": ("models/compact.py", *ADDED, {"check_methods": 1, "train": 1} | FROM_MODEL),
    "a method that is not run": ("attribution/lrp/methods.py", *ADDED, {}),
    "wording of hints": ("core/words.py", "did you mean", "perhaps you mean", {}),
    "a comment": ("models/training.py", "", "# a comment changes nothing", {}),
    "a docstring": ("models/training.py", '"""Loss and accuracy on', '"""Accuracy and loss on', {}),
    "the message of an error": ("models/training.py", "The loss was not finite", "No finite loss", {}),
    "a line of the log": ("models/training.py", "stopped early", "stopped", {}),
    "when a method misleads": (
        "attribution/cam.py", "marks one part of several", "marks a part of several", once(EXPLORED),
    ),
    "what a parameter means": ("attribution/smooth.py", "Standard deviation of the noise", "Noise", {}),
    "a method's label": (
        "attribution/cam.py", 'label="Grad-CAM"', 'label="GradCAM"',
        once(LABELLED - STICKERED | TOLD),
    ),
    "a quantity's label": (
        "evaluation/metrics/region_perturbation.py", '"label": "ABPC"', '"label": "Area"',
        once(MEASURED - {"metric_table"}),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def edited_plans(
    finished: Workflow, tmp_path_factory: pytest.TempPathFactory, two_at_once: ThreadPoolExecutor
) -> dict[str, Future[dict[str, int]]]:
    """Edit -> the jobs that it reruns; each in a copy of the workflow of its own."""

    def plan(folder: Path, file: str, old: str, new: str) -> dict[str, int]:
        for part in ("Snakefile", "rules", "config", "envs", "workflow_scripts"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        edited = folder / "workflow_scripts/signsight" / file
        text = edited.read_text()
        assert old in text
        edited.write_text(text.replace(old, new, 1) if old else f"{text}\n\n{new}\n")
        return finished.planned(changed(), snakefile=folder / "Snakefile")

    folder = tmp_path_factory.mktemp
    return {edit: two_at_once.submit(plan, folder("edited"), *what[:3]) for edit, what in EDITS.items()}


@pytest.mark.parametrize("edit", EDITS)
def test_edited_code_reruns_what_can_reach_it(
    edited_plans: dict[str, Future[dict[str, int]]], edit: str
) -> None:
    assert edited_plans[edit].result() == EDITS[edit][3]


def reaching(finished: Workflow, folder: Path) -> dict[str, set[str]]:
    """Script -> the files that are in the digest of one of its jobs."""
    file = folder / "Snakefile"
    file.write_text(
        f"include: {str(ROOT / 'Snakefile')!r}\n"
        "import json\nfrom signsight.core import digest\n\n\n"
        "def note(files):\n"
        "    found = sorted(map(str, digest.reached(files)))\n"
        "    print('REACHED', json.dumps([files[0].name, found]), flush=True)\n"
        "    return 'another'\n\n\n"
        "digest._digest = note\n"
        "for one in workflow.rules:\n"
        "    if one.script:\n"
        "        print('SCRIPT', one.name, 'code' in dict(one.params.items()), flush=True)\n"
    )
    done = finished.run(changed(), "--dry-run", "all", snakefile=file)
    assert done.returncode == 0, done.stdout
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    scripts = [rest.split() for word, _, rest in lines if word == "SCRIPT"]
    assert len(scripts) > 40 and all(has == "True" for _, has in scripts)
    found: dict[str, set[str]] = {}
    for name, files in (json.loads(rest) for word, _, rest in lines if word == "REACHED"):
        found.setdefault(name, set()).update(files)
    return found


# messages; annotations of parameters, which are params by value; the network, whose change trains it again
WITHOUT_EFFECT = {
    "core/words.py",
    "core/errors.py",
    "evaluation/metrics/choices.py",
    "models/compact.py",
    "data/imageset.py",  # check_methods loads these two for annotations alone
    "features/recipe.py",
}


def test_what_a_job_really_imports_is_in_its_digest(finished: Workflow, tmp_path: Path) -> None:
    """Of every job of the tiny experiment, by what was loaded at its end."""
    digests = reaching(finished, tmp_path)
    loaded: dict[str, set[str]] = {}
    for file in (finished.folder / "loaded").iterdir():
        script, *modules = file.read_text().split("\n")
        loaded.setdefault(script, set()).update(modules)
    assert len(loaded) >= 20
    missing = {
        (script, Path(file).relative_to(PACKAGE).as_posix())
        for script, modules in loaded.items()
        for file in modules - digests[script]
    }
    assert {file for _, file in missing} <= WITHOUT_EFFECT, missing
    assert not {PACKAGE / "models/compact.py"} - {Path(file) for file in digests["train.py"]}
