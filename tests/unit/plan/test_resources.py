"""What jobs ask a cluster for: more than was measured, no more than a node has, by what drives the cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.utils import update_config

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.registry import data_sets
from signsight.data.dataset import Options, data_set, facts
from signsight.docs.stages import RULE
from signsight.plan.plan import Plan
from signsight.plan.resources import LONGEST, Need, Needs

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")
METHODS = ["random", "saliency", "integrated_gradients", "rise", "score_cam", "lrp_composite"]
METRICS = ["region_perturbation", "deletion", "road", "randomisation", "stability", "sensitivity_n"]
GTSRB: dict[str, Any] = {
    "data": {"name": "gtsrb"},
    "attribution": {"methods": METHODS},
    "evaluation": {"metrics": METRICS},
}
PROPERTIES = [name for name, own in vars(Needs).items() if isinstance(own, property)]


def needs(pictures: int = 0, **changed: Any) -> Needs:
    """The needs of the full GTSRB study, with keys of the config changed at any depth."""
    config: dict[str, Any] = {}
    update_config(config, GTSRB)
    update_config(config, changed)
    return Needs(Plan(complete(config, SCHEMA)), lambda source: pictures if source else 0)


def of_each_job(own: Needs) -> dict[str, Need]:
    """The need of one job of every kind that a classifier's run has."""
    found = {name: getattr(own, name) for name in PROPERTIES}
    made = {name: need for name, need in found.items() if isinstance(need, Need)}
    made |= {f"crop {part}": own.crop(SimpleNamespace(part=part)) for part in ("train", "test")}
    made |= {f"attribute {m}": own.attribute([m]) for m in own.plan.methods}
    made |= {f"evaluate {k}": own.evaluate(k, [m]) for k in own.plan.metrics for m in own.plan.methods}
    return made | {f"score {kind} {group}": own.score(kind, group) for kind, group in own.plan.scored}


BIG = {"data": {"size": 224}, "model": {"name": "resnet50"}}


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("changed", [{}, BIG], ids=["48 px", "224 px"])
def test_at_full_size_every_job_fits_a_node_with_some_room_for_a_retry(
    device: str, changed: dict[str, Any]
) -> None:
    for name, (mem_mb, minutes) in of_each_job(needs(device=device, **changed)).items():
        assert 500 <= mem_mb <= 32_000, name
        assert 5 <= minutes <= LONGEST, name


def test_what_was_measured_at_full_gtsrb_size_is_asked_for() -> None:
    """docs/performance.md: all of GTSRB on two cores; twice what was measured, since nodes differ."""
    own = needs(device="cpu", data={"size": 32}, training={"epochs": 12, "preset": "short"})
    assert own.train.mem_mb >= 2 * 1100 and own.train.minutes >= 2 * 2 * 9.8
    assert own.crop(SimpleNamespace(part="train")).minutes >= 2 * 24 / 60
    jobs = of_each_job(own)
    assert all(jobs[name].mem_mb >= 2 * 900 for name in jobs if name.split()[0] in ("attribute", "evaluate"))


def test_time_goes_by_images_size_steps_and_repetitions_and_memory_does_not_go_by_images() -> None:
    few, many = needs(data={"images": 1000}), needs(data={"images": 12_000})
    assert few.attribute(["rise"]).minutes < many.attribute(["rise"]).minutes
    assert many.attribute(["rise"]).mem_mb - few.attribute(["rise"]).mem_mb <= 100
    assert few.warp.minutes <= needs(data={"size": 224}).warp.minutes
    longer = needs(attribution={"parameters": {"integrated_gradients": {"steps": 500}}})
    chosen = ["integrated_gradients"]
    assert longer.attribute(chosen).minutes > needs().attribute(chosen).minutes
    again = needs(device="cpu", evaluation={"parameters": {"region_perturbation": {"repetitions": 100}}})
    once = needs(device="cpu", evaluation={"parameters": {"region_perturbation": {"repetitions": 1}}})
    assert (
        again.evaluate("region_perturbation", ["random"]).minutes
        > once.evaluate("region_perturbation", ["random"]).minutes
    )


def test_several_methods_in_a_job_ask_for_more_time_and_shards_and_gpus_for_less() -> None:
    own = needs(device="cpu", evaluation={"images": "all"})
    assert own.attribute(METHODS[:3]).minutes > own.attribute(METHODS[1:2]).minutes
    split = needs(device="cpu", shards=8, evaluation={"images": "all"})
    assert split.evaluate("deletion", ["random"]).minutes < own.evaluate("deletion", ["random"]).minutes
    with_gpu = needs(evaluation={"images": "all"})
    assert with_gpu.evaluate("deletion", ["random"]).minutes < own.evaluate("deletion", ["random"]).minutes
    assert with_gpu.torch_mb > own.torch_mb  # libraries of the GPU


def test_a_method_that_runs_no_network_costs_no_passes_and_one_for_each_mask_many() -> None:
    own = needs()
    assert own.passes("random") == 0 < own.passes("saliency") < own.passes("integrated_gradients")
    assert own.passes("rise") >= 1000


def test_the_users_pictures_are_counted_and_an_unknown_data_set_is_taken_for_a_large_one(
    tmp_path: Path,
) -> None:
    folder = {"data": {"name": "folder", "source": str(tmp_path)}}
    assert needs(700, **folder).images("train") == 700
    assert needs(0, **folder).images() == 50_000
    assert needs(data={"images": 10}).images() == 10


@pytest.mark.parametrize("name", ["gtsrb", "cifar10", "imagenette"])
def test_a_data_set_holds_what_its_text_says(name: str) -> None:
    told = {f"{facts(name)['holds'][part]:,}" for part in ("train", "test")}
    assert told <= set(re.findall(r"\d+,\d+", data_sets.about(name)["about"]))


def test_drawn_signs_are_as_many_as_their_parameters_say(tmp_path: Path) -> None:
    small = {"tracks_per_class": 2, "frames_per_track": 1, "test_per_class": 1, "max_px": 24}
    own = needs(data={"name": "signs", "signs": small})
    drawn = data_set(own.plan.data_set)
    drawn.draw(tmp_path, workers=1, seed=0)
    for part, inputs in facts("signs")["inputs"].items():
        files = {key: tmp_path / name for key, name in inputs.items()}
        assert len(drawn.part(part, files, Options()).records) == own.images(part)


def test_every_rule_with_a_script_says_threads_memory_and_time() -> None:
    for file in sorted((ROOT / "rules").glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        starts = [match.start() for match in RULE.finditer(text)]
        for start, stop in pairwise([*starts, len(text)]):
            rule = text[start:stop]
            assert "script:" in rule and "threads:" in rule and "**asks(" in rule, f"{file.name}: {rule[:80]}"
            assert ("TORCH_THREADS" in rule) <= ("gpu=" in rule), f"{file.name}: {rule[:80]}"


def test_the_page_on_clusters_tells_what_is_asked_for() -> None:
    page = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    assert [row for row in page.splitlines() if row.startswith("| `")] == table_of_the_page()


def table_of_the_page() -> list[str]:
    """Rows of docs/cluster.md: memory and time of some jobs at full GTSRB size, of two networks."""
    small, large = needs(), needs(**BIG)
    jobs: dict[str, Callable[[Needs], Need]] = {
        "`crop`, training pictures": lambda own: own.crop(SimpleNamespace(part="train")),
        "`train`, 20 epochs": lambda own: own.train,
        "`attribute`, saliency": lambda own: own.attribute(["saliency"]),
        "`attribute`, integrated gradients, 50 steps": lambda own: own.attribute(["integrated_gradients"]),
        "`attribute`, RISE, 1000 masks": lambda own: own.attribute(["rise"]),
        "`score`, 20 sets": lambda own: own.score("rotation", "-90_to_-71"),
        "`evaluate`, deletion, 1000 images": lambda own: own.evaluate("deletion", ["saliency"]),
        "`warp`, one degree": lambda own: own.warp,
        "`metric_table`": lambda own: own.metric_table,
    }
    return [f"| {name} | {_told(of(small))} | {_told(of(large))} |" for name, of in jobs.items()]


def _told(need: Need) -> str:
    hours, minutes = divmod(need.minutes, 60)
    return f"{need.mem_mb / 1000:.1f} GB, {f'{hours} h ' if hours else ''}{minutes} min"
