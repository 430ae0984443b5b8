"""Rankings with ties where the tests see no difference, letters, and agreement of metrics."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.identical import shown_once, without_repeats
from signsight.evaluation.metric_table import metric_table
from signsight.evaluation.ranking import agreement_table, letter_groups, pair_table, ranking_table
from signsight.evaluation.statistics import holm

N = 200
MEANS = {"random": 0.1, "saliency": 0.5, "grad_cam": 0.502, "lime": 0.3}
ABOUT = {
    "deletion": {
        "quantities": {
            "deletion_auc": {"direction": "lower", "chance": "random"},
            "area": {"direction": None, "chance": None},
        }
    },
    "insertion": {"quantities": {"insertion_auc": {"direction": "higher", "chance": "random"}}},
}


@pytest.fixture
def results(tmp_path: Path) -> dict[str, dict[str, Path]]:
    """The same scores, of which one metric wants the low ones and the other the high ones."""
    found: dict[str, dict[str, Path]] = {"deletion": {}, "insertion": {}}
    for place, (method, mean) in enumerate(MEANS.items()):
        values = np.random.default_rng(place).normal(mean, 0.1, N)
        for metric in found:
            names = list(ABOUT[metric]["quantities"])
            path = tmp_path / f"{metric}-{method}.npz"
            np.savez(path, ids=np.arange(N).astype(str), x=[], labels=np.array([], "U1"),
                     **{f"value_{name}": values for name in names})  # fmt: skip
            found[metric][method] = path
    return found


def test_pairs_are_tested_and_corrected_within_a_quantity(results: dict[str, dict[str, Path]]) -> None:
    pairs = pair_table(results, ABOUT, 0.95, seed=0)
    assert set(pairs["quantity"]) == {"deletion_auc", "insertion_auc"}
    for _, own in pairs.groupby("quantity"):
        assert len(own) == 6
        np.testing.assert_allclose(own["p_holm"], holm(own["p"].to_numpy()))
        tied = own["p_holm"] > 0.05
        assert own.loc[tied, ["method_a", "method_b"]].values.tolist() == [["saliency", "grad_cam"]]
        assert (own["difference"].between(own["low"], own["high"])).all()


def test_a_method_with_the_same_maps_is_not_counted_twice(results: dict[str, dict[str, Path]]) -> None:
    """Neither by Holm's correction nor among the methods that metrics agree on."""
    same = pd.DataFrame({"method": ["grad_cam_pp"], "same_as": ["grad_cam"]})
    more = {metric: files | {"grad_cam_pp": files["grad_cam"]} for metric, files in results.items()}
    once = {metric: shown_once(files, same) for metric, files in more.items()}
    alone, twice, left = (pair_table(files, ABOUT, 0.95, seed=0) for files in (results, more, once))
    pd.testing.assert_frame_equal(left, alone)
    between = "method_a == 'saliency' and method_b == 'grad_cam'"
    one, two = (float(table.query(between)["p_holm"].max()) for table in (alone, twice))
    assert one <= two and (len(alone), len(twice)) == (12, 20)
    tables = [metric_table(files, ABOUT, 0.95, seed=0) for files in (results, more)]
    rows = without_repeats(tables[1], same)
    ranks = ranking_table(rows, left, 0.95), ranking_table(tables[0], alone, 0.95)
    pd.testing.assert_frame_equal(*ranks)
    pd.testing.assert_frame_equal(agreement_table(rows), agreement_table(tables[0]))


def test_ranks_follow_the_direction_and_tie_what_does_not_differ(results: dict[str, dict[str, Path]]) -> None:
    table = metric_table(results, ABOUT, 0.95, seed=0)
    ranking = ranking_table(table, pair_table(results, ABOUT, 0.95, seed=0), 0.95)
    up = ranking[ranking["quantity"] == "insertion_auc"].set_index("method")
    down = ranking[ranking["quantity"] == "deletion_auc"].set_index("method")
    assert up["rank"].to_dict() == {"grad_cam": 1, "saliency": 1, "lime": 3, "random": 4}
    assert down["rank"].to_dict() == {"random": 1, "lime": 2, "saliency": 3, "grad_cam": 3}
    assert up["place"].tolist() == down["place"].tolist() == [1, 2, 3, 4]
    assert up["group"].to_dict() == {"grad_cam": "a", "saliency": "a", "lime": "b", "random": "c"}
    assert up.loc["saliency", "tied_with"] == "grad_cam" and up.loc["lime", "tied_with"] == ""
    assert (
        up.loc["lime", "value"]
        == table.set_index(["quantity", "method"]).loc["insertion_auc", "lime"]["value"]
    )


def test_a_method_without_values_has_no_rank(results: dict[str, dict[str, Path]]) -> None:
    path = results["insertion"]["lime"]
    empty = np.full(N, np.nan)
    np.savez(path, ids=np.arange(N).astype(str), x=[], labels=np.array([], "U1"), value_insertion_auc=empty)
    del results["deletion"]
    table = metric_table(results, ABOUT, 0.95, seed=0)
    ranking = ranking_table(table, pair_table(results, ABOUT, 0.95, seed=0), 0.95).set_index("method")
    assert ranking.index[-1] == "lime" and pd.isna(ranking.loc["lime", "rank"])
    assert ranking.loc["random", "rank"] == 3 and "lime" not in " ".join(ranking["tied_with"])


@pytest.mark.parametrize("seed", range(30))
def test_letters_are_shared_if_and_only_if_methods_do_not_differ(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 9))
    differ = np.triu(rng.random((m, m)) < 0.5, 1)
    differ |= differ.T
    letters = [set(text) for text in letter_groups(differ)]
    assert all(letters)
    for i, j in combinations(range(m), 2):
        assert bool(letters[i] & letters[j]) != differ[i, j]
    groups = [{i for i in range(m) if name in letters[i]} for name in set().union(*letters)]
    assert not any(one < two for one in groups for two in groups), "a letter says nothing new"


def test_letters_of_the_textbook_case() -> None:
    """First and last differ, the middle one differs from neither: a, ab, b."""
    differ = np.zeros((3, 3), bool)
    differ[0, 2] = differ[2, 0] = True
    assert letter_groups(differ) == ["a", "ab", "b"]
    assert letter_groups(np.zeros((4, 4), bool)) == ["a"] * 4
    assert letter_groups(~np.eye(3, dtype=bool)) == ["a", "b", "c"]
    assert letter_groups(np.zeros((0, 0), bool)) == []


def test_twenty_five_methods_get_letters_in_time() -> None:
    """Neighbours in order do not differ, all others do: as many groups as neighbours."""
    place = np.arange(25)
    letters = letter_groups(np.abs(place[:, None] - place) > 3)
    assert letters[0] == "a" and letters[3] == "abcd" and len(set("".join(letters))) == 22


def test_agreement_turns_values_so_that_higher_is_better(results: dict[str, dict[str, Path]]) -> None:
    table = metric_table(results, ABOUT, 0.95, seed=0)
    agreement = agreement_table(table, controls=["random"]).set_index(["quantity_a", "quantity_b"])
    assert agreement.loc[("deletion_auc", "insertion_auc"), "tau"] == -1
    assert agreement.loc[("deletion_auc", "deletion_auc"), "tau"] == 1
    assert (agreement["methods"] == 3).all() and len(agreement) == 4
    assert (agreement_table(table)["methods"] == 4).all()


def test_agreement_does_not_see_rounding(results: dict[str, dict[str, Path]]) -> None:
    """Methods that differ by float32 rounding are tied; what is left agrees, so tau-b is 1."""
    table = metric_table(results, ABOUT, 0.95, seed=0)
    for direction, nudge in (("lower", 1e-8), ("higher", 1e-8)):
        rows = table["direction"] == direction
        table.loc[rows, "value"] = (
            [0.5, 0.5 + nudge, 0.3, 0.1] if direction == "higher" else [1, 1 + nudge, 2, 3]
        )
    agreement = agreement_table(table).set_index(["quantity_a", "quantity_b"])
    assert agreement.loc[("deletion_auc", "insertion_auc"), "tau"] == pytest.approx(1)
