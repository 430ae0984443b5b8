"""What a user can get wrong ends in one sentence, before any job where it can, and with nothing half-made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import synthetic
from tiny_workflow import TINY, Workflow, changed

CONFIG_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"data": {"sise": 24}}, "Unknown config key 'sise' in 'data'; did you mean 'size'?"),
    "wrong type": ({"data": {"size": "24"}}, "Config key 'data.size' is '24'; it must be of type integer"),
    "unknown method": ({"attribution": {"methods": ["random", "gradcam"]}}, "did you mean 'grad_cam'"),
    "metrics without chance": (
        {"attribution": {"methods": ["few", "grad_cam"]}},
        "Config key 'attribution.methods' lacks 'random', the chance level of the metrics",
    ),
    "parameter of a variant": (
        {"attribution": {"variants": {"few": {"parameters": {"sample": 3}}}}},
        "Unknown config key 'sample' in 'attribution.variants.few.parameters'; did you mean 'samples'?",
    ),
    "gallery of nothing": (
        {"gallery": {"source": "nowhere"}},
        "Config key 'gallery.source': nowhere does not exist; correct its path.",
    ),
}


@pytest.mark.parametrize("fault", CONFIG_FAULTS)
def test_config_fault_ends_before_any_job(finished: Workflow, fault: str) -> None:
    groups, sentence = CONFIG_FAULTS[fault]
    done = finished.run(changed(**groups))
    assert done.returncode == 1
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout and "Job stats" not in done.stdout


def test_a_method_that_the_network_does_not_allow_ends_before_the_training(finished: Workflow) -> None:
    wrong = {"methods": ["random", "few", "cam"], "layer": "features.second"}
    done = finished.run(changed(experiment="wrong", attribution=wrong, training={"reuse": False}), "model")
    assert done.returncode == 1 and "Traceback" not in done.stdout
    sentence = (
        "Config key 'attribution.methods' names 'cam', which 'compact' does not allow: CAM needs a network"
    )
    assert sentence in done.stdout
    assert not (finished.folder / "results/wrong/train").exists()


@pytest.mark.parametrize(("fault", "rule"), [("truncated", "download"), ("renamed column", "crop")])
def test_data_fault_ends_in_a_sentence(tmp_path: Path, fault: str, rule: str) -> None:
    workflow = Workflow(tmp_path)
    synthetic.write_gtsrb(tmp_path / "archives", fault=fault, tracks=2, frames=2, test=2)
    done = workflow.run(TINY, "results/tiny/crop/train/images.npy")
    assert done.returncode == 1
    *_, sentence, log = done.stdout.splitlines()
    assert sentence.startswith(f"{rule} failed: ") and "Traceback" not in done.stdout
    assert log.startswith("  log: ") and (tmp_path / log.split()[-1]).is_file()
    assert not (workflow.results / "crop/train").exists() or not any(
        (workflow.results / "crop/train").iterdir()
    )


def test_source_that_does_not_exist(tmp_path: Path) -> None:
    done = Workflow(tmp_path).run(changed(data={"source": "nowhere"}), "results/tiny/crop/train/images.npy")
    assert done.returncode == 1
    assert "Config key 'data.source': nowhere does not exist; correct its path." in done.stdout


def test_wrong_checksum(tmp_path: Path) -> None:
    workflow = Workflow(tmp_path)
    done = workflow.run(changed(data={"checksums": "official"}), "results/tiny/crop/train/images.npy")
    assert done.returncode == 1
    assert "f33fd80ac59bff73c82d25ab499e03a3" in done.stdout and "Traceback" not in done.stdout
    assert list((tmp_path / ".cache").rglob("*.zip")) == []
