"""The key `compare`: labels, what is filled in for a comparison alone, and faults in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from signsight.config.rules import check_files, complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.data.experiment import NEEDED

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
TWO = ["results/a", "results/b/"]


def fault(config: dict[str, Any], check: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        full = complete(config, SCHEMA)
        if check:
            check_files(full)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_experiments_are_named_by_their_folders_or_by_the_user() -> None:
    assert complete({"compare": TWO}, SCHEMA)["compare"] == {"a": "results/a", "b": "results/b"}
    named = complete({"compare": {"small": "x/a", 2: "~/b"}}, SCHEMA)["compare"]
    assert named == {"small": "x/a", "2": str(Path.home() / "b")}


def test_a_comparison_alone_needs_no_data_and_no_network() -> None:
    full = complete({"experiment": "versus", "compare": TWO, "evaluation": {"confidence": 0.9}}, SCHEMA)
    assert full["data"]["name"] == "none" and not full["model"]["train"] and full["stages"] == []
    assert complete(full, SCHEMA) == full


def test_with_stages_of_its_own_a_run_makes_both() -> None:
    full = complete({"compare": TWO, "stages": ["metrics"]}, SCHEMA)
    assert full["data"]["name"] == "signs" and full["model"]["train"]
    assert complete({"compare": TWO, "data": {"size": 32}}, SCHEMA)["data"]["name"] == "signs"


def test_a_network_that_is_asked_for_needs_weights_as_ever() -> None:
    own = {"data": {"name": "none"}, "model": {"train": False}, "gallery": {"source": "pictures"}}
    assert "model.weights" in fault({"compare": TWO, **own})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["results/a"], "has 1 folders; name 2 to 6"),
        ([f"results/{i}" for i in range(7)], "has 7 folders"),
        (["results/a", "other/a"], "two folders with the name 'a'"),
        (["results/a", "results/a"], "an entry occurs twice"),
        (["results/a", "results/{b}"], "rename the file or folder"),
        ("results/a", "of type array or object"),
        ([1, 2], "of type string"),
    ],
)
def test_faults_of_the_value(value: Any, words: str) -> None:
    text = fault({"compare": value})
    assert "compare" in text and words in text


def experiment(folder: Path) -> str:
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return str(folder)


def test_an_experiment_that_was_not_run_is_named_with_its_command(tmp_path: Path) -> None:
    one, other = experiment(tmp_path / "one"), tmp_path / "other"
    config = {"experiment": "versus", "compare": [one, str(other)]}
    text = fault(config, check=True)
    assert "other does not exist" in text and "snakemake --cores 8 --configfile <the config of other>" in text
    experiment(other)
    check_files(complete(config, SCHEMA))
    (other / "score/clean/test.npz").unlink()
    text = fault(config, check=True)
    assert "other/score/clean/test.npz does not exist; run it first: snakemake" in text


def store(folder: str, config: dict[str, Any]) -> None:
    Path(folder, "config.yaml").write_text(yaml.safe_dump(config))


def test_published_numbers_need_a_data_set_that_has_some(tmp_path: Path) -> None:
    one, two = experiment(tmp_path / "one"), experiment(tmp_path / "two")
    config = {"experiment": "beside", "against_published": [one, two]}
    assert "one/config.yaml, which says what data set" in fault(config, check=True)
    store(one, {"data": {"name": "signs"}})
    assert f"{one} is of the data set 'signs', of which there are no published numbers; name" in fault(
        config, check=True
    )
    store(one, {"data": {"name": "gtsrb"}})
    store(two, {"data": {"name": "imagenette"}})
    assert "two is of the data set 'imagenette', of which there are no" in fault(config, check=True)
    store(two, {"data": {"name": "of a plugin"}})
    assert "two is of the data set 'of a plugin', of which" in fault(config, check=True)
    store(two, {"data": {"name": "gtsrb", "size": 20}})
    check_files(complete(config, SCHEMA))
    alone = complete({"against_published": [one]}, SCHEMA)
    assert alone["data"]["name"] == "none" and not alone["model"]["train"] and alone["stages"] == []
    (tmp_path / "two/train/model.json").unlink()
    text = fault(config, check=True)
    assert "'against_published'" in text and "model.json does not exist; run it first" in text


def test_an_experiment_is_not_compared_with_what_it_writes(tmp_path: Path) -> None:
    one, other = experiment(tmp_path / "results/one"), experiment(tmp_path / "results/other")
    config = {"experiment": "one", "results": str(tmp_path / "results"), "compare": [one, other]}
    assert "where this run writes its results" in fault(config, check=True)


def test_experiments_that_explain_different_things_are_not_compared(tmp_path: Path) -> None:
    one, other = experiment(tmp_path / "one"), experiment(tmp_path / "other")
    config = {"experiment": "versus", "compare": [one, other]}

    def store(folder: str, target: str) -> None:
        text = f"attribution: {{target: '{target}', score: logit}}\nevaluation: {{target: '{target}'}}\n"
        Path(folder, "config.yaml").write_text(text)

    store(one, "true")
    check_files(complete(config, SCHEMA))  # the other one stored none
    store(other, "predicted")
    text = fault(config, check=True)
    assert f"'attribution.target' is 'true' in {one} and 'predicted' in {other}, so" in text
    store(other, "true")
    check_files(complete(config, SCHEMA))
    Path(other, "config.yaml").write_text("[")
    check_files(complete(config, SCHEMA))
