"""What changed pictures cost networks: losses of known answers, files of earlier runs refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signsight.core.errors import UserError
from signsight.evaluation.compared.matching import Matched
from signsight.evaluation.compared.robustness import (
    Answers,
    loss_table,
    read_groups,
    read_masked,
    read_sets,
    set_table,
)
from signsight.evaluation.statistics import bootstrap, paired_difference

N = 120
RNG = np.random.default_rng(3)


def answers(share: float, **sets: float) -> Answers:
    draw = {name: (RNG.random(N) < own).astype(float) for name, own in {"u": share, **sets}.items()}
    return Answers(draw.pop("u"), draw)


GROUP = ("rotation", "test", "")
TRUTH = {"test": np.arange(N) % 4}


def test_only_sets_of_all_networks_are_compared_in_the_order_of_their_numbers() -> None:
    one = answers(0.9, **{"30": 0.7, "-30": 0.8, "0": 0.9, "60": 0.2})
    two = answers(0.8, **{"0": 0.8, "30": 0.5, "-30": 0.6, "45": 0.1})
    table = set_table({GROUP: {"a": one, "b": two}}, TRUTH, 0.95)
    assert table["set"].drop_duplicates().tolist() == ["-30", "0", "30"]
    row = table[(table["set"] == "30") & (table["network"] == "b")].iloc[0]
    expected = paired_difference(two.sets["30"] == 1, one.sets["30"] == 1, 0.95)
    assert (row["difference"], row["difference_low"], row["difference_high"]) == expected
    assert row["accuracy"] == two.sets["30"].mean()


def test_images_without_an_answer_of_one_network_count_for_none() -> None:
    one, two = answers(0.9, **{"1": 0.5}), answers(0.9, **{"1": 0.5})
    one.sets["1"][:10], two.sets["1"][5:20] = np.nan, np.nan
    table = set_table({("masking", "test", "m"): {"a": one, "b": two}}, TRUTH, 0.95)
    assert (table["n"] == N - 20).all()
    losses = loss_table({("masking", "test", "m"): {"a": one, "b": two}}, 0.95, 0)
    assert (losses["n"] == N - 20).all()


def test_a_loss_is_the_mean_over_changed_sets_of_what_was_right() -> None:
    one = answers(0.9, **{"-30": 0.6, "0": 0.9, "30": 0.5})
    two = answers(0.8, **{"-30": 0.2, "0": 0.8, "30": 0.1})
    table = loss_table({GROUP: {"a": one, "b": two}}, 0.95, 7).set_index("network")
    each = [x.untouched - (x.sets["-30"] + x.sets["30"]) / 2 for x in (one, two)]
    assert table["sets"].tolist() == [2, 2]
    assert table["loss"].tolist() == pytest.approx([own.mean() for own in each])
    expected = bootstrap(each[1] - each[0], 0.95, 7)
    found = table.loc["b", ["difference", "difference_low", "difference_high"]]
    assert found.tolist() == pytest.approx([float(part) for part in expected], abs=1e-12)
    assert np.isnan(table.loc["a", "difference"])


def test_the_same_network_twice_loses_the_same() -> None:
    one = answers(0.9, **{"20": 0.3})
    table = loss_table({GROUP: {"a": one, "b": one}}, 0.95, 0).set_index("network")
    assert table.loc["b", ["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]


def save(path: Path, sets: list[str], predicted: np.ndarray) -> Path:
    np.savez(path, sets=sets, predicted=predicted.astype(np.int16))
    return path


def test_files_of_one_kind_are_put_together(tmp_path: Path) -> None:
    truth = np.array([0, 1, 2, 3])
    one = save(tmp_path / "a.npz", ["none", "x"], np.array([truth, [0, 0, 0, 0]]))
    two = save(tmp_path / "b.npz", ["y", "x"], np.array([[9, 1, 2, 9], [0, 0, 0, 0]]))
    found = read_sets([one, two], truth, np.array([3, 0, 1]))
    assert found.untouched.tolist() == [1, 1, 1]
    assert {name: own.tolist() for name, own in found.sets.items()} == {"x": [0, 1, 0], "y": [0, 0, 1]}


def test_two_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    truth = np.array([0, 1])
    one = save(tmp_path / "a.npz", ["30"], np.array([[0, 1]]))
    two = save(tmp_path / "b.npz", ["30"], np.array([[1, 1]]))
    with pytest.raises(UserError, match=r"hold different answers to the set '30'.*delete the older one"):
        read_sets([one, two], truth, np.arange(2), np.ones(2))


def test_masked_answers_follow_ids_and_leave_empty_maps_out(tmp_path: Path) -> None:
    curve = np.array([[1, 0], [np.nan, np.nan], [1, 1]], np.float32)
    np.savez(tmp_path / "s.npz", ids=["c", "a", "b"], curve_masked_accuracy=curve, x=[0.0, 1.0])
    found = read_masked(tmp_path / "s.npz", np.array(["a", "b", "c"]))
    assert np.array_equal(found.untouched, [np.nan, 1, 1], equal_nan=True)
    assert np.array_equal(found.sets["1"], [np.nan, 1, 0], equal_nan=True)
    with pytest.raises(UserError, match="no answers for the image 'd'"):
        read_masked(tmp_path / "s.npz", np.array(["a", "d"]))


def test_groups_are_read_by_what_they_are(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    index.write_text("image_id,class_id,track,source\na,0,a,a\nb,1,b,b\n")
    matched = Matched(
        np.array(["m", "n"]), np.array(["a", "b"]), np.array([[0, 1], [0, 1]]), np.array([[0, 1], [0, 1]]),
        np.array([2, 2]), np.array([8, 8]),
    )  # fmt: skip
    clean = save(tmp_path / "clean.npz", ["test"], np.array([[0, 0]]))
    turned = save(tmp_path / "r.npz", ["30"], np.array([[0, 1]]))
    stuck = save(tmp_path / "s.npz", ["none", "tall_small"], np.array([[0, 1], [1, 1]]))
    files = {"m": [str(turned)], "n": [str(turned)]}
    groups = [
        ["geometry", *GROUP, files],
        ["stickers", "stickers", "test", "m", {name: [str(stuck)] for name in "mn"}],
    ]
    indices = {"test": dict.fromkeys("mn", str(index))}
    found = read_groups(groups, {"test": matched}, indices, dict.fromkeys("mn", str(clean)))
    assert found["geometry"][GROUP]["m"].untouched.tolist() == [1, 0]
    own = found["stickers"]["stickers", "test", "m"]["n"]
    assert own.untouched.tolist() == [1, 1] and own.sets["tall_small"].tolist() == [0, 1]
