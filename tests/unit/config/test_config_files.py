"""Config: what its paths and names of experiments lead to on the disk, each fault in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signsight.config.rules import check_files, complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError

SCHEMA = load_schema(Path(__file__).parents[3] / "config" / "schema.yaml")


def test_what_lies_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def sentence(**config: Any) -> str:
        with pytest.raises(UserError) as caught:
            check_files(complete(config, SCHEMA))
        return str(caught.value)

    (tmp_path / "results/mine/gallery").mkdir(parents=True)
    (tmp_path / "file").touch()
    inside = sentence(experiment="mine", gallery={"source": "results/mine/gallery"})
    assert "'gallery.source'" in inside and "where this run writes" in inside
    trained = {"train": False, "weights": "results/mine/train"}
    assert "where this run writes" in sentence(experiment="mine", model=trained)
    assert "nowhere does not exist" in sentence(real_examples={"source": "nowhere"})
    assert "is not a folder" in sentence(results="file")
    assert "'data.source' is missing" in sentence(data={"name": "folder"})
    assert "takes no source" in sentence(data={"source": "file"})
    address = "https://me:secret@example.org/net-0123abcd.pth"
    assert "secret" not in sentence(model={"name": "alexnet", "weights": address})
    (tmp_path / "trained").mkdir()
    for part in ("model.safetensors", "model.json"):
        (tmp_path / "trained" / part).touch()
    trained["weights"] = "trained/."
    for own in ({"classes": ["a", "b"]}, {"mean": [0.5] * 3, "std": [0.2] * 3}, {"channels": 1}):
        assert f"'model.{next(iter(own))}' does not apply" in sentence(model=trained | own)
    check_files(complete({"model": trained}, SCHEMA))
    lone = {"name": "alexnet", "train": False, "weights": "DEFAULT", "classes": "file"}
    assert "fewer than two names" in sentence(model=lone)
    check_files(complete({"experiment": "mine", "gallery": {"source": "file"}}, SCHEMA))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("demo", r"'explorer\.with' names 'demo', which is this experiment; name others"),
        ("other", r"'explorer\.with' names 'other', but .*other/explorer/document\.zip does not exist; run"),
    ],
)
def test_experiments_beside_this_one_have_to_be_there(name: str, message: str, tmp_path: Path) -> None:
    config = complete({"results": str(tmp_path), "explorer": {"with": [name]}}, SCHEMA)
    with pytest.raises(UserError, match=message):
        check_files(config)
    if name == "other":
        (tmp_path / "other/explorer").mkdir(parents=True)
        (tmp_path / "other/explorer/document.zip").touch()
        check_files(config)
