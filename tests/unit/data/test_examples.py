"""Training examples: what is flipped, duplicated, turned and held out, and that nothing leaks."""

from __future__ import annotations

import errno
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from signsight.core.errors import UserError
from signsight.data import archives
from signsight.data.examples import COLUMNS, make_examples, read_examples, write_examples
from signsight.data.pictures import Archive
from signsight.data.split import held_out_tracks
from synthetic import TRAINING_ZIP

SHARED = Path(__file__).parents[4] / "shared"
LR, TB = {0: 0, 1: 2, 2: 1}, {0: 0, 3: 3}
DEFAULTS = {
    "flip_lr": LR,
    "flip_tb": TB,
    "mirror": True,
    "balance": None,
    "rotate": "never",
    "rotate_sd": 20.0,
    "split_by": "track",
    "validation_fraction": 0.3,
    "seed": 7,
}


def index(tracks: tuple[int, ...] = (5, 4, 3, 2, 1), frames: int = 6) -> pd.DataFrame:
    """An index of so many tracks for each class, of `frames` images."""
    rows = [
        (f"{c:05d}/{t:05d}_{f:05d}", c, f"{c:05d}/{t:05d}", "source")
        for c, count in enumerate(tracks)
        for t in range(count)
        for f in range(frames)
    ]
    return pd.DataFrame(rows, columns=["image_id", "class_id", "track", "source"])


def make(table: pd.DataFrame | None = None, **changes: object) -> pd.DataFrame:
    return make_examples(index() if table is None else table, **{**DEFAULTS, **changes})


def subset(examples: pd.DataFrame, name: str) -> pd.DataFrame:
    return examples[examples["subset"] == name]


def test_plain_examples_are_the_rows_themselves() -> None:
    table = index()
    examples = make(table, mirror=False, validation_fraction=0.0)
    assert list(examples.columns) == list(COLUMNS)
    assert list(examples["row"]) == list(range(len(table)))
    assert (examples["class_id"] == table["class_id"]).all()
    assert (examples["track"] == table["track"]).all()
    assert (examples["angle"] == 0).all() and (examples["copy"] == 0).all()
    assert set(examples["flip"]) == {""} and set(examples["subset"]) == {"train"}


def test_flips_give_the_class_after_them_and_both_are_kept() -> None:
    table = index()
    examples = make(table, validation_fraction=0.0)
    source = table["class_id"].to_numpy()[examples["row"]]
    for flip, classes in (("", {c: c for c in range(5)}), ("lr", LR), ("tb", TB)):
        chosen = (examples["flip"] == flip).to_numpy()
        assert set(source[chosen]) == set(classes)
        assert (examples["class_id"][chosen] == [classes[c] for c in source[chosen]]).all()
        assert chosen.sum() == table["class_id"].isin(list(classes)).sum()
    assert not examples.duplicated(["row", "flip", "copy"]).any()


def test_no_track_is_on_both_sides() -> None:
    for seed in range(5):
        examples = make(balance=50, rotate="once", seed=seed)
        sides = examples.groupby("track")["subset"].nunique()
        assert (sides == 1).all()
        assert (examples["track"] == index()["track"].to_numpy()[examples["row"]]).all()


def test_every_class_of_two_tracks_is_on_both_sides() -> None:
    for fraction in (0.01, 0.3, 0.99):
        examples = make(mirror=False, validation_fraction=fraction)
        assert set(subset(examples, "validation")["class_id"]) == {0, 1, 2, 3}
        assert set(subset(examples, "train")["class_id"]) == {0, 1, 2, 3, 4}


def test_validation_by_track_is_its_images_once_as_they_are() -> None:
    validation = subset(make(balance=80, rotate="once"), "validation")
    assert set(validation["flip"]) == {""}
    assert (validation["copy"] == 0).all() and (validation["angle"] == 0).all()
    assert validation["row"].is_unique
    plain = subset(make(mirror=False), "validation")
    assert list(plain["row"]) == list(validation["row"])


def test_the_held_out_share_is_the_fraction() -> None:
    table = index((10, 20, 40))
    held = held_out_tracks(table, 0.3, 1, "test")
    assert table[held].groupby("class_id")["track"].nunique().to_dict() == {0: 3, 1: 6, 2: 12}
    uneven = table[~table["track"].isin(["00000/00000"]) | (table.index == 0)]
    share = held_out_tracks(uneven, 0.3, 1, "test")[uneven["class_id"] == 0].mean()
    assert share == pytest.approx(0.3, abs=0.06)


def test_a_track_that_spans_classes_stays_whole() -> None:
    table = index().assign(track=lambda t: t["image_id"].str[6:11])
    assert (make(table).groupby("track")["subset"].nunique() == 1).all()


def test_balance_fills_small_classes_evenly_and_keeps_large_ones() -> None:
    before = make(validation_fraction=0.0)["class_id"].value_counts()
    examples = make(balance=40, validation_fraction=0.0)
    after = examples["class_id"].value_counts()
    assert before.to_dict() == {0: 90, 1: 42, 2: 42, 3: 24, 4: 6}
    assert after.to_dict() == {0: 90, 1: 42, 2: 42, 3: 40, 4: 40}
    times = examples.groupby(["class_id", "row", "flip"]).size()
    assert set(times[4]) == {6, 7} and set(times[3]) == {1, 2} and set(times[0]) == {1}
    copies = examples.groupby(["row", "flip"])["copy"]
    assert copies.apply(lambda c: sorted(c) == list(range(len(c)))).all()


def test_balance_acts_on_the_training_examples_only() -> None:
    counts = subset(make(balance=200), "train")["class_id"].value_counts()
    assert (counts == 200).all() and len(counts) == 5


def test_angles_are_normal_and_belong_to_the_example() -> None:
    options = {"mirror": False, "rotate": "once", "validation_fraction": 0.0}
    examples = make(index((300, 300)), balance=4000, **options)
    angles = examples["angle"]
    assert len(angles) == 8000
    assert stats.kstest(angles, "norm", (0, 20)).pvalue > 0.01
    assert angles.nunique() > 7500
    fewer = make(index((300, 300)), balance=3800, **options)
    both = examples.merge(fewer, on=["row", "flip", "copy"])
    assert len(both) > 7400 and (both["angle_x"] == both["angle_y"]).all()
    assert (make(rotate="epoch")["angle"] == 0).all()


def test_the_order_of_the_index_changes_nothing() -> None:
    table = index()
    shuffled = table.sample(frac=1, random_state=0).reset_index(drop=True)
    options = {"balance": 50, "rotate": "once"}
    for split_by in ("track", "random"):
        one, two = (
            make(t, split_by=split_by, **options).assign(
                image=lambda e, t=t: t["image_id"].to_numpy()[e["row"]]
            )
            for t in (table, shuffled)
        )
        keys = ["image", "flip", "copy"]
        one, two = (t.drop(columns="row").sort_values(keys, ignore_index=True) for t in (one, two))
        pd.testing.assert_frame_equal(one, two)


def test_another_seed_draws_anew() -> None:
    options = {"balance": 50, "rotate": "once"}
    assert make(**options).equals(make(**options))
    assert not make(**options).equals(make(**options, seed=8))


def test_a_random_split_is_the_one_of_the_study() -> None:
    examples = make(split_by="random", balance=100, rotate="once")
    counts = examples.groupby(["class_id", "subset"]).size().unstack()
    assert (counts["validation"] == 30).all() and (counts["train"] == 70).all()
    validation = subset(examples, "validation")
    assert set(validation["flip"]) == {"", "lr", "tb"}
    assert (validation["angle"] != 0).any() and (validation["copy"] > 0).any()
    assert (examples.groupby("track")["subset"].nunique() == 2).all()  # it leaks


def test_what_is_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = make(balance=50, rotate="once")
    write_examples(tmp_path / "examples.csv", examples)
    pd.testing.assert_frame_equal(read_examples(tmp_path / "examples.csv"), examples, check_exact=True)
    with pytest.raises(UserError, match="does not exist"):
        read_examples(tmp_path / "nothing.csv")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "other.csv").write_text("row,flip\n1,\n")
    with pytest.raises(UserError, match="not a table of examples"):
        read_examples(tmp_path / "empty.csv")
    with pytest.raises(UserError, match="lacks the column 'class_id'"):
        read_examples(tmp_path / "other.csv")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(UserError, match="No space left on the device"):
        write_examples(tmp_path / "full.csv", examples)
    assert not list(tmp_path.glob("*full*"))


@pytest.mark.skipif(not (SHARED / "gtsrb-sample").is_dir(), reason="../shared/gtsrb-sample is not here")
def test_the_real_sample() -> None:
    records = archives.training_records(Archive(SHARED / "gtsrb-sample" / TRAINING_ZIP))
    swap = {19: 20, 20: 19, 33: 34, 34: 33, 36: 37, 37: 36, 38: 39, 39: 38}
    lr = {c: c for c in (11, 12, 13, 15, 17, 18, 22, 26, 30, 35, 40)} | swap
    tb = {c: c for c in (1, 5, 12, 15, 17)}
    options = {"flip_lr": lr, "flip_tb": tb, "validation_fraction": 0.2}
    examples = make(records, balance=450, rotate="once", **options)
    train, validation = subset(examples, "train"), subset(examples, "validation")
    assert set(train["track"]).isdisjoint(validation["track"])
    assert set(validation["class_id"]) == set(train["class_id"]) == set(range(43))
    assert (train["class_id"].value_counts() >= 450).all()
    assert len(validation) / len(records) == pytest.approx(0.2, abs=0.05)
    assert set(train["row"]) | set(validation["row"]) == set(range(4272))


@pytest.mark.parametrize("split_by", ["track", "random"])
def test_too_little_for_a_validation_is_refused(split_by: str) -> None:
    with pytest.raises(UserError, match="held out for the validation; add images"):
        make(index(tracks=(1, 1), frames=1), mirror=False, split_by=split_by)
