"""A detector is trained on scenes: it learns, goes on after a kill, and refuses what it cannot learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from signsight.core.errors import UserError
from signsight.detection import checkpoint, training
from signsight.detection.scene import Scene, SceneObject
from signsight.detection.scene_set import SceneSet
from toy_detector import drawn, scene_set

LEFT, RIGHT = (8, 8, 28, 28), (34, 10, 56, 32)
TINY = {"width": 4, "channels": 16, "hidden": 32, "smallest": 40, "proposals": 20}
DETECTOR = {"name": "compact_fpn", "parameters": TINY}
SETTINGS = {"epochs": 16, "batch_size": 2, "learning_rate": 0.01, "weight_decay": 1e-4, "brightness": 0.1}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneSet:
    """An object in each of two pictures; one without objects, and one that nobody annotated."""
    hard = SceneObject("green", (0, 0, 5, 5), difficult=True)
    given = [
        Scene("a", drawn((40, 64), {LEFT: "red"}), [SceneObject("red", LEFT), hard]),
        Scene("b", drawn((40, 64), {RIGHT: "blue"}), [SceneObject("blue", RIGHT)]),
        Scene("c", drawn((40, 64), {}), [hard]),
        Scene("d", drawn((40, 64), {})),
    ]
    return scene_set(tmp_path_factory.mktemp("scenes"), given)


def train(scenes: SceneSet, folder: Path, seed: int = 2, **changes: Any) -> pd.DataFrame:
    return training.train(
        scenes,
        detector=DETECTOR,
        settings=SETTINGS | changes,
        seed=seed,
        device=torch.device("cpu"),
        folder=folder / "out",
        resume_folder=folder / "state",
    )


def test_a_detector_learns_where_the_objects_are(scenes: SceneSet, tmp_path: Path) -> None:
    """The loss of a few proposals in other sizes is noisy; whether there is something falls soon."""
    history = train(scenes, tmp_path)
    assert history["epoch"].tolist() == list(range(1, 17))
    parts = history[list(training.LOSSES)].sum(axis=1)
    np.testing.assert_allclose(history["loss"], parts)
    assert history["loss_objectness"][-4:].mean() < history["loss_objectness"][0] / 2
    assert history["loss"][-4:].mean() < 0.85 * history["loss"][0]
    assert history["learning_rate"].max() == pytest.approx(0.01, rel=0.1)
    assert history["learning_rate"].iloc[-1] < 1e-4
    table = pd.read_csv(tmp_path / "out/history.csv")
    np.testing.assert_allclose(table["loss"], history["loss"], rtol=1e-5)
    assert not (tmp_path / "state").exists()
    found = checkpoint.load(tmp_path / "out")
    assert found.classes == ("__background__", "red", "green", "blue") and not found.training
    assert found.network.transform.min_size == (40,) and found.architecture == "compact_fpn"


def test_a_training_that_was_killed_ends_in_the_same_weights(
    scenes: SceneSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(scenes, tmp_path / "whole", epochs=3)
    store = training.resume.store

    def killed(folder: Path, mark: str, state: dict[str, Any]) -> None:
        store(folder, mark, state)
        if len(state["history"]) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.resume, "store", killed)
        with pytest.raises(KeyboardInterrupt):
            train(scenes, tmp_path / "cut", epochs=3)
    assert not (tmp_path / "cut/out").exists() and any((tmp_path / "cut/state").iterdir())
    cut = train(scenes, tmp_path / "cut", epochs=3)
    pd.testing.assert_frame_equal(cut.drop(columns="seconds"), whole.drop(columns="seconds"))
    weights = [(tmp_path / name / "out/model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]
    # Another training does not go on from there.
    with monkeypatch.context() as patch:
        patch.setattr(training.resume, "store", killed)
        with pytest.raises(KeyboardInterrupt):
            train(scenes, tmp_path / "other", epochs=3)
    other = train(scenes, tmp_path / "other", seed=3, epochs=3)
    assert len(other) == 3 and (other["loss"] != whole["loss"]).all()


def test_the_global_generator_is_left_as_it_was(scenes: SceneSet, tmp_path: Path) -> None:
    before = torch.get_rng_state()
    train(scenes, tmp_path, epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_scenes_without_objects_are_refused(tmp_path: Path) -> None:
    """Difficult ones are not learned."""
    hard = SceneObject("red", LEFT, difficult=True)
    bare = scene_set(
        tmp_path / "bare", [Scene("a", drawn((40, 64), {}), [hard]), Scene("b", drawn((9, 9), {}))]
    )
    with pytest.raises(UserError, match="has no objects to learn"):
        train(bare, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare"]


def test_a_loss_that_is_not_finite_is_refused(scenes: SceneSet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not finite in epoch \d; set 'detection.training.learning_rate'"):
        train(scenes, tmp_path, learning_rate=1e30)
    assert not (tmp_path / "out").exists()


def test_weights_of_other_classes_are_a_start(scenes: SceneSet, tmp_path: Path) -> None:
    """All but the last layers are taken over, and the loss starts from there."""
    train(scenes, tmp_path / "first", epochs=1)
    other = scene_set(tmp_path / "other", [Scene("a", drawn((40, 64), {}), [SceneObject("x", LEFT)])], ("x",))
    training.train(
        other,
        detector=DETECTOR | {"weights": str(tmp_path / "first/out/model.safetensors")},
        settings=SETTINGS | {"epochs": 1, "learning_rate": 0},
        seed=9,
        device=torch.device("cpu"),
        folder=tmp_path / "second",
        resume_folder=tmp_path / "state",
    )
    one, two = (checkpoint.load(tmp_path / name).network.state_dict() for name in ("first/out", "second"))
    assert two["roi_heads.box_predictor.cls_score.weight"].shape[0] == 2
    same = [name for name in one if one[name].shape == two[name].shape and name.endswith("weight")]
    assert len(same) > 10 and all(torch.equal(one[name], two[name]) for name in same)


def test_weights_of_another_network_are_refused_by_the_key_of_the_detector(
    scenes: SceneSet, tmp_path: Path
) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match=r"weights of another network.*; correct 'detection\.detector'"):
        training.train(
            scenes,
            detector=DETECTOR | {"weights": str(tmp_path / "other.safetensors")},
            settings=SETTINGS,
            seed=0,
            device=torch.device("cpu"),
            folder=tmp_path / "out",
            resume_folder=tmp_path / "state",
        )
    assert not (tmp_path / "out").exists()
