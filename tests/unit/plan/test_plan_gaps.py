"""Experiments beside published numbers: which files are read, and what each was asked to do otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from signsight.config.changed import changed
from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.registry import plugins, use_plugins
from signsight.data.experiment import NEEDED
from signsight.plan.plan import Plan

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")
BASE = ROOT / "config/gtsrb-32.yaml"
STN3 = ROOT / "config/gtsrb-32/stn3.yaml"
OF_STN3 = sorted((ROOT / "config/gtsrb-32/stn3").glob("*.yaml"))
VARIANTS = [file for file in sorted((ROOT / "config/gtsrb-32").glob("*.yaml")) if file.stem != "quick"]


def merged(*files: Path) -> dict[str, Any]:
    """A config of several files, later ones winning."""

    def update(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        both = {k: update(one[k], v) if isinstance(v, dict) and k in one else v for k, v in other.items()}
        return one | both

    found: dict[str, Any] = {}
    for file in files:
        found = update(found, yaml.safe_load(file.read_text()))
    return found


def experiment(folder: Path, config: dict[str, Any], *files: str) -> str:
    for name in (*NEEDED, *files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return str(folder)


def masked(*methods: str) -> list[str]:
    return [f"evaluate/grid_masking/{m}/scores.npz" for m in methods]


@pytest.fixture
def study_saliency() -> Any:
    before = plugins()
    use_plugins([ROOT / "docs/examples/study_saliency.py"])
    yield
    use_plugins(before)


def test_nothing_is_looked_for_without_experiments() -> None:
    gaps = Plan(complete({}, SCHEMA)).gaps
    assert not gaps.wanted and gaps.tables == {} and gaps.made == [] and gaps.published == {}


def test_files_are_those_of_what_is_published(tmp_path: Path, study_saliency: None) -> None:
    base = {
        "data": {"name": "gtsrb", "crop_to_roi": True, "rotate": {"sd": 8}},
        "masking": {"colour": [1, 1, 1]},
    }
    own = base | {"data": base["data"] | {"crop_to_roi": False}, "masking": {"colour": [0, 0, 0]}}
    stickers = [
        "score/stickers/stock-random.npz",
        "score/stickers/stock-saliency.npz",
        "score/stickers/test-x.npz",
    ]
    one = experiment(
        tmp_path / "one", base, "score/rotation/30.npz", *stickers, *masked("random", "saliency")
    )
    two = experiment(tmp_path / "two", own, *masked("saliency", "saliency_as_published"))
    plan = Plan(complete({"experiment": "beside", "against_published": {"a": one, "b": two}}, SCHEMA))
    first, second = plan.gaps.files.values()
    assert first["crop"] == "cropped" and second["crop"] == "uncropped"
    assert first["rotation"] == [f"{one}/score/rotation/30.npz"] and second["rotation"] == []
    assert first["stickers"] == f"{one}/score/stickers/stock-saliency.npz" and second["stickers"] is None
    assert first["masking"]["saliency"] == f"{one}/evaluate/grid_masking/saliency/scores.npz"
    assert second["masking"] == {
        "saliency": f"{two}/evaluate/grid_masking/saliency_as_published/scores.npz"
    } | {"saliency_as_published": f"{two}/evaluate/grid_masking/saliency_as_published/scores.npz"}
    assert plan.gaps.settings == {
        "a": [],
        "b": ["data.crop_to_roi false", "masking.colour [0, 0, 0]", "saliency by saliency_as_published"],
    }
    assert set(plan.gaps.published) == {
        "clean", "rotation", "perspective_vertical", "masking", "maps", "stickers",
    }  # fmt: skip
    assert plan.drawn_figures.names == ["published_gaps"] and plan.verdict.given == plan.gaps.tables
    assert all(file in plan.gaps.inputs for file in (first["clean"], first["stock"], first["stickers"]))
    assert set(plan.gaps.made) < set(plan.targets) and not any("crop" in file for file in plan.targets)


def test_settings_that_say_what_is_measured_are_no_changes() -> None:
    one = {
        "seed": 1,
        "data": {"size": 32, "source": "a"},
        "attribution": {"methods": ["x"], "target": "true"},
    }
    two = {
        "seed": 1,
        "data": {"size": 48, "source": "b"},
        "attribution": {"methods": ["y"], "target": "true"},
    }
    assert changed(one, two) == {"data.size": 48} and changed(one, one) == {}


@pytest.mark.parametrize("file", VARIANTS, ids=lambda file: file.stem)
def test_variants_of_the_study_change_what_they_say(file: Path, study_saliency: None) -> None:
    """Each on top of config/gtsrb-32.yaml; those that say so have the same network, which is trained once."""
    base, own = (complete(merged(*files), SCHEMA) for files in ((BASE,), (BASE, file)))
    assert own["experiment"] == f"gtsrb-{file.stem}" if "sample" in file.stem else f"gtsrb-32-{file.stem}"
    again = [own[group] == base[group] for group in ("data", "model", "training", "seed")]
    assert ("network is" in " ".join(file.read_text().split())) == (all(again) and "sample" not in file.stem)
    differing = changed(base, own)
    if file.stem not in ("stn3", "sample-32", "saliency-as-published", "augmentation"):
        assert len(differing) == 1


@pytest.mark.parametrize("file", OF_STN3, ids=lambda file: file.stem)
def test_variants_of_the_study_s_network_change_its_maps_or_corners(file: Path, study_saliency: None) -> None:
    """Each on top of config/gtsrb-32.yaml and stn3.yaml, with the same network."""
    base, own = (complete(merged(*files), SCHEMA) for files in ((BASE, STN3), (BASE, STN3, file)))
    assert own["experiment"] == f"gtsrb-32-stn3-{file.stem}"
    assert all(own[group] == base[group] for group in ("data", "model", "training", "seed"))
    kinds = {key.split(".")[0] for key in changed(base, own)}
    assert kinds == {"geometry" if file.stem == "edge" else "attribution"}


@pytest.mark.parametrize(
    ("name", "files"),
    [("gtsrb-32-differences", (BASE, *VARIANTS)), ("gtsrb-32-stn3-differences", (STN3, *OF_STN3))],
)
def test_the_differences_name_the_variants(name: str, files: tuple[Path, ...]) -> None:
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    made = {yaml.safe_load(file.read_text())["experiment"] for file in files}
    named = {Path(folder).name for folder in config["against_published"].values()}
    assert named == {name for name in made if "sample" not in name}
