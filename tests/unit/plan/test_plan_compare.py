"""What a comparison makes: of what all experiments have, found by the names of their files."""

from __future__ import annotations

from pathlib import Path

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.data.experiment import NEEDED
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
RANKED = "tables/metrics.csv"


def experiment(folder: Path, *files: str) -> str:
    for name in (*NEEDED, *files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return str(folder)


def maps(*methods: str) -> list[str]:
    return [f"attribute/{m}/maps.npy" for m in methods]


def values(metric: str, *methods: str) -> list[str]:
    return [f"evaluate/{metric}/{m}/scores.npz" for m in methods]


def plan_of(*folders: str) -> Plan:
    return Plan(complete({"experiment": "versus", "compare": list(folders)}, SCHEMA))


def test_nothing_is_made_and_nothing_is_looked_for_without_a_comparison() -> None:
    plan = Plan(complete({}, SCHEMA)).compare
    assert not plan.wanted and plan.made == [] and plan.tables == {} and plan.artefacts == {}
    assert plan.methods == [] and plan.groups == {} and plan.metrics == {} and plan.apart == []


def test_the_least_that_is_compared_are_the_answers(tmp_path: Path) -> None:
    plan = plan_of(experiment(tmp_path / "a"), experiment(tmp_path / "b"))
    tables = {"compared_networks", "compared_accuracy", "compared_answers", "compared_classes"}
    assert set(plan.compare.tables) == tables and plan.compare.targets == ["test"]
    assert plan.drawn_figures.names == ["compared_accuracy", "compared_classes", "compared_sheet"]
    assert plan.compare.shown_method is None and plan.summary == [
        f"results/versus/summary.{kind}" for kind in ("md", "html")
    ]
    assert set(plan.compare.made) < set(plan.targets) and not any("crop" in file for file in plan.targets)


def test_methods_and_metrics_that_all_have(tmp_path: Path) -> None:
    one = experiment(
        tmp_path / "a", RANKED, *maps("random", "mine", "saliency", "grad_cam"),
        *values("deletion", "random", "saliency", "grad_cam"), *values("grid_masking", "random"),
    )  # fmt: skip
    two = experiment(
        tmp_path / "b", RANKED, *maps("random", "grad_cam", "mine", "rise"),
        *values("deletion", "random", "grad_cam"), *values("insertion", "random"),
    )  # fmt: skip
    plan = plan_of(one, two).compare
    assert plan.methods == ["grad_cam", "mine"] and plan.controls == ["random"]
    assert plan.maps("mine") == {"a": f"{one}/attribute/mine/maps.npy", "b": f"{two}/attribute/mine/maps.npy"}
    assert {m: set(own["a"]) for m, own in plan.metrics.items()} == {"deletion": {"random", "grad_cam"}}
    assert plan.groups == {} and "compared_losses" not in plan.tables
    assert {"compared_maps", "compared_metrics", "compared_rankings"} < set(plan.tables)
    assert ["Methods", "saliency", "a"] in plan.apart and ["Methods", "rise", "b"] in plan.apart
    assert ["Metrics", "insertion", "b"] in plan.apart
    assert plan.signed is False and plan.shown_method == "grad_cam"
    (tmp_path / "b" / RANKED).unlink()
    assert plan_of(one, two).compare.metrics == {}


def test_robustness_is_of_what_all_measured(tmp_path: Path) -> None:
    common = [
        "score/rotation/-30_to_30.npz",
        "score/stickers/user_stock-few.npz",
        "score/stickers/test-few.npz",
    ]
    one = experiment(tmp_path / "a", *common, "score/rotation/90.npz", "score/background/test.npz")
    two = experiment(tmp_path / "b", *common, "score/perspective_vertical/20.npz")
    plan = plan_of(one, two).compare
    assert set(plan.groups) == {"geometry", "stickers"}
    assert plan.groups["geometry"]["rotation", "test", ""]["a"] == [
        f"{one}/score/rotation/-30_to_30.npz", f"{one}/score/rotation/90.npz",
    ]  # fmt: skip
    assert list(plan.groups["stickers"]) == [("stickers", "test", "few"), ("stickers", "user_stock", "few")]
    assert plan.targets == ["test", "user_stock"]
    assert set(plan.robustness) == {"compared_geometry", "compared_stickers", "compared_losses"}
    assert ["Changed pictures", "perspective_vertical", "b"] in plan.apart


def test_the_explorer_shows_the_experiments_side_by_side(tmp_path: Path) -> None:
    document = "explorer/document.zip"
    one, two = experiment(tmp_path / "a", document), experiment(tmp_path / "b", document)
    page = plan_of(one, two).explorer
    assert page.documents == [f"{one}/{document}", f"{two}/{document}"]
    assert page.made == ["results/versus/explorer.html"]
    assert page.verdict == ["results/versus/tables/verdict.csv"]
    both = Plan(complete({"compare": [one, two], "stages": []}, SCHEMA)).explorer
    assert both.documents == ["results/demo/explorer/document.zip", *page.documents] and both.verdict == []
    assert plan_of(one, experiment(tmp_path / "c")).explorer.made == []
