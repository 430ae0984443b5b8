"""What a config makes: sets, runs, tables, figures and kept files, told without Snakemake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.asked import asked_of_network
from signsight.plan.inputs import key_of
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
TAKEN = {"name": "alexnet", "train": False, "weights": "DEFAULT"}


def plan_of(**config: Any) -> Plan:
    """The plan of a config that names only these groups of keys."""
    return Plan(complete(config, SCHEMA))


def names(files: list[str]) -> set[str]:
    """Names of files without folder and ending."""
    return {Path(file).stem for file in files}


def test_all_stages_by_default() -> None:
    plan = plan_of(experiment="mine", attribution={"methods": ["random", "grad_cam"]})
    stages = {"masking", "stickers", "geometry", "background", "metrics"}
    assert set(plan.tables) == stages | {"clean", "identical_maps", "photographs", "seeds", "verdict"}
    assert plan.tables["seeds"] == plan.tables["background"] == plan.tables["photographs"] == {}
    made = names(plan.targets)
    assert {"clean", "masking", "stickers", "geometry", "metrics", "ranking", "summary"} <= made
    assert {"overview", "confusion_matrix", "training_curve", "degrees", "masked_sheet"} <= made
    assert all(file.startswith("results/mine/") for file in plan.targets)
    assert len(set(plan.targets)) == len(plan.targets)


def test_tables_of_photographs_are_made_of_what_there_is() -> None:
    photographs = {"source": "list.csv", "boxes": "stickers"}
    plan = plan_of(real_examples=photographs, stickers={"methods": ["random"]})
    assert set(plan.tables["photographs"]) == {"real_examples", "drawn_and_real", "on_sticker"}
    alone = plan_of(real_examples=photographs | {"boxes": None}, stages=[])
    assert set(alone.tables["photographs"]) == {"real_examples"}
    assert plan.albums.columns("photographs")["boxes"] == "stickers" and plan.albums.columns("gallery") == {}


def test_what_is_asked_of_a_network_is_what_the_config_names() -> None:
    methods = ["random", "saliency", "shallow"]
    variants = {"shallow": {"method": "grad_cam", "layer": "features.first"}}
    config = {
        "attribution": {"methods": methods, "variants": variants, "target": 3},
        "features": {"inversion": {"layers": ["features.last"]}},
    }
    asked = asked_of_network(complete(config, SCHEMA))
    assert list(asked["methods"]) == methods and asked["methods"]["shallow"]["layer"] == "features.first"
    assert asked["explain"] == {"target": 3, "score": "logit"}
    assert asked["targets"] == {"attribution.target": 3, "evaluation.target": "predicted"}
    assert asked["asked"] == {"features.inversion.layers": ["features.last"]}


def test_every_figure_is_made_as_png_and_as_svg_or_as_a_folder_of_pages() -> None:
    plan, endings = plan_of(), {}
    for file in map(Path, plan.targets):
        if file.parent.name == "figures":
            endings.setdefault(file.stem, set()).add(file.suffix)
    assert set(endings) == set(plan.drawn_figures.names)
    for name, found in endings.items():
        assert found == ({""} if plan.drawn_figures.is_paged(name) else {".png", ".svg"})


def test_variants_of_metrics_are_run_and_drawn_beside_their_metrics() -> None:
    variants = {
        "grey": {"metric": "deletion", "parameters": {"hidden": "gray"}},
        "coarse": {"metric": "region_perturbation", "parameters": {"region": 12, "steps": 5}},
    }
    both = plan_of(evaluation={"metrics": ["deletion", *variants], "variants": variants})
    files = [file for metric in both.metrics for file in both.metric_files(metric).values()]
    assert "results/demo/evaluate/grey/random/scores.npz" in files
    drawn = both.drawn_figures
    assert {"deletion_insertion", "fills", "metric_curves", "ranking"} <= set(drawn.names)
    assert drawn.told("deletion_insertion")["hidden"] == {"deletion": "zero"}
    assert drawn.told("fills")["hidden"] == {"deletion": "zero", "grey": "gray"}
    assert drawn.facts["undrawn"] == ["coarse"] and "aopc_curve" not in drawn.names
    labels = [label for _, _, label in drawn.facts["quantities"]]
    assert labels == ["Deletion AUC", "Deletion AUC grey", "AOPC coarse", "ABPC coarse"]
    assert both.measured["grey"] == both.measured["deletion"]
    alone = plan_of(evaluation={"metrics": ["deletion"], "variants": variants})
    assert "fills" not in alone.drawn_figures.names


@pytest.mark.parametrize(
    ("stage", "tables", "kinds"),
    [
        ("masking", {"masking", "empty_maps"}, {"clean"}),
        ("stickers", {"stickers", "sticker_confusions"}, {"clean", "stickers"}),
        ("geometry", {"geometry"}, {"clean", "rotation", "perspective_vertical", "perspective_horizontal"}),
        ("background", {"background"}, {"clean", "background"}),
        ("metrics", {"metrics", "metric_curves", "pairs", "nulls", "ranking", "agreement"}, {"clean"}),
    ],
)
def test_a_stage_alone_makes_its_own(stage: str, tables: set[str], kinds: set[str]) -> None:
    plan = plan_of(stages=[stage])
    assert plan.table_files.keys() == tables | {"clean", "confusion", "identical_maps", "verdict"}
    assert {kind for kind, _ in plan.scored} == kinds


def test_backgrounds_are_replaced_where_the_object_is_known() -> None:
    own = {"name": "folder", "source": "leaves", "masks": "cut", "fit": "centre_crop", "mask_threshold": 3}
    plan = plan_of(data=own, background={"fills": ["blur"]}, model={"seeds": [3, 5]})
    assert plan.masks == {"folder": "cut", "threshold": 3, "fit": "centre_crop"}
    assert plan.regions_file == "results/demo/regions/regions.npy"
    assert plan.background_sets == {
        "object_on_blur": ["object", "blur"],
        "object_on_same_class": ["object", "same_class"],
        "object_on_other_class": ["object", "other_class"],
        "background_on_blur": ["background", "blur"],
        "background_on_surroundings": ["background", "surroundings"],
        "nothing_on_silhouette": ["nothing", "silhouette"],
    }
    assert plan.scored["background", "test"]["object_on_blur"] == "compose/object_on_blur"
    assert {"background", "background_sheet"} <= set(plan.drawn_figures.names)
    assert "results/demo/tables/background.csv" in plan.targets
    assert "background" not in plan_of(data={"name": "folder", "source": "leaves"}).table_files
    drawn = plan_of(stages=["background"])
    assert drawn.masks is None and drawn.regions_file == "results/demo/crop/test/masks.npy"
    kept = plan_of(stages=["background"], keep_datasets=True, background={"fills": []}).kept["background"]
    assert "results/demo/compose/background_on_surroundings/images.npy" in kept


def test_no_stage_leaves_the_maps_the_overview_and_the_network() -> None:
    plan = plan_of(stages=[])
    assert plan.table_files.keys() == {"clean", "confusion", "identical_maps", "verdict"}
    assert set(plan.drawn_figures.names) == {"training_curve", "confusion_matrix", "overview"}


def test_a_network_alone_makes_only_what_is_asked_of_the_own_pictures() -> None:
    none: dict[str, Any] = {"data": {"name": "none"}, "model": TAKEN}
    assert plan_of(**none).targets == []
    made = plan_of(**none, gallery={"source": "mine", "methods": ["saliency"], "singles": False}).targets
    assert "results/demo/gallery_pictures/pictures.csv" in made
    assert names(made) >= {"gallery_smoothing", "gallery_layers", "gallery_animation"}
    assert "results/demo/gallery" not in made and "results/demo/summary.md" not in made


def test_the_first_seed_has_the_folders_of_all_stages() -> None:
    plan = plan_of(model={"seeds": [3, 5]})
    assert plan.runs == {3: "", 5: "seeds/5/"}
    assert plan.training_seed("") == 3 and plan.training_seed("seeds/5/") == 5
    assert plan.model_of("seeds/5/")[0] == "results/demo/seeds/5/train/model.safetensors"
    assert "results/demo/tables/seeds.csv" in plan.targets and "seeds" in plan.drawn_figures.names
    assert plan_of(seed=8).runs == {8: ""}


def test_sets_are_kept_only_where_the_config_says_so() -> None:
    small: dict[str, Any] = {
        "masking": {"methods": ["random"], "max_cells": 2},
        "attribution": {"methods": ["random"]},
        "stickers": {"methods": ["random"]},
        "geometry": {"rotation": [-5, 0, 5], "perspective_vertical": [], "perspective_horizontal": []},
    }
    assert not any(plan_of(**small).kept.values())
    plan = plan_of(**small, keep_datasets=True)
    folders = {stage: {str(Path(f).parent) for f in files} for stage, files in plan.kept.items()}
    assert {f"results/demo/mask/random/{k}" for k in (1, 2)} <= folders["masking"]
    assert folders["geometry"] == {f"results/demo/warp/rotation/{d}" for d in plan.degrees["rotation"]}
    assert {"results/demo/crop/test"} <= folders["stickers"]  # the untouched pictures are scored with them
    assert set(plan.degrees["rotation"]) >= {-5, 5}
    kept = {file for files in plan.kept.values() for file in files}
    assert kept <= set(plan.targets) and all(Path(f).name in ("images.npy", "index.csv") for f in kept)


def test_every_degree_is_scored_once() -> None:
    plan = plan_of(geometry={"rotation": ["-90..90/1"]})
    scored = [name for (kind, _), sets in plan.scored.items() if kind == "rotation" for name in sets]
    assert sorted(map(int, scored)) == sorted(plan.degrees["rotation"])
    assert set(range(-90, 91)) - {0} <= set(plan.degrees["rotation"])
    assert len(set(scored)) == len(scored)


def test_experiments_share_the_archives_of_the_same_source() -> None:
    data: dict[str, Any] = {"name": "gtsrb"}
    first, second = (plan_of(experiment=name, data=data) for name in ("one", "two"))
    assert first.cache == second.cache and first.root != second.root
    elsewhere = plan_of(data=data | {"source": "archives", "checksums": "none"})
    assert elsewhere.cache != first.cache
    assert elsewhere.checksum(elsewhere.archives[0]) is None
    assert str(first.checksum(first.archives[0])).startswith(("md5:", "sha256:"))


def test_what_is_drawn_depends_on_the_seed_and_the_settings() -> None:
    drawn = [plan_of(seed=seed, data={"name": "signs"}).cache for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1, "b": 3})


def test_a_job_is_told_of_the_network_that_it_runs() -> None:
    plan = plan_of(model={"name": "compact", "parameters": {"width": 8}})
    assert plan.network["network"] == "compact" and plan.network["parameters"]["width"] == 8
    assert plan.trained_network["weights"] is None and plan.weight_files == []
    taken = plan_of(data={"name": "imagenette"}, model=TAKEN)
    assert taken.weights.kind == "download" and taken.named_weights == "DEFAULT"
    assert taken.weight_files[0].startswith(".cache/weights/") and taken.history == taken.examples == []


def test_the_centre_is_cut_as_named_weights_were_evaluated() -> None:
    def told(fit: str, **model: Any) -> str:
        data = {"name": "folder", "source": "own", "fit": fit}
        return plan_of(data=data, model={"name": "resnet50"} | model).fit

    assert told("centre_crop", weights="DEFAULT") == "centre_crop:232:224:bilinear"
    assert told("centre_crop", weights="IMAGENET1K_V1") == told("centre_crop") == "centre_crop"
    assert told("stretch", weights="DEFAULT") == "stretch"
    assert (
        told("centre_crop", name="vit_h_14", weights="IMAGENET1K_SWAG_E2E_V1")
        == "centre_crop:518:518:bicubic"
    )
