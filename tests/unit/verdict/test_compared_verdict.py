"""What the verdict says of networks compared, on tables whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signsight.evaluation.compared.answers import accuracy_table, answers_table
from signsight.verdict.compared import compared
from signsight.verdict.lines import Line

N = 400
LABELS = {"saliency": "Saliency", "grad_cam": "Grad-CAM"}
TRUTH = np.arange(N) % 4


def right(count: int, start: int = 0) -> np.ndarray:
    """So many images right, from `start` on."""
    return np.roll(np.arange(N) < count, start)


def lines(first: np.ndarray, other: np.ndarray, **tables: pd.DataFrame) -> dict[str, list[Line]]:
    correct = {"a": first, "b": other}
    made = {f"compared_{name}": table for name, table in tables.items()}
    made |= {
        "compared_accuracy": accuracy_table(correct, TRUTH, 0.95),
        "compared_answers": answers_table(correct),
    }
    found: dict[str, list[Line]] = {}
    for line in compared(made, LABELS):
        found.setdefault(line.topic, []).append(line)
        assert line.text[-1] == "." and line.text.count(". ") == 0 and "nan" not in line.text
    return found


def test_a_clear_difference_names_the_more_accurate_network() -> None:
    (line,) = lines(right(300), right(380))["accuracy"]
    assert line.level == "good"
    assert line.text.startswith('"b" is more accurate than "a" on 400 common test images: "b" has 95.0 %')
    (line,) = lines(right(380), right(300))["accuracy"]
    assert line.text.startswith('"a" is more accurate than "b"')


def test_an_interval_that_holds_zero_tells_nothing_apart() -> None:
    (line,) = lines(right(380), right(379, 3))["accuracy"]
    assert line.level == "unknown" and "cannot be told apart" in line.text


def test_equal_answers_are_said_to_be_equal() -> None:
    (line,) = lines(right(380), right(380))["accuracy"]
    assert '"a" and "b" are right on 400 common test images alike, 95.0 %' in line.text


def test_a_network_that_guesses_is_named() -> None:
    _, line = lines(right(380), right(100))["accuracy"]
    assert line.level == "bad" and line.text.startswith('"b" is not shown to be better than always guessing')


def losses(*gaps: tuple[str, float, float, float]) -> pd.DataFrame:
    rows = []
    for kind, value, low, high in gaps:
        own = {"kind": kind, "target": "test", "method": "saliency" if kind == "masking" else np.nan}
        rows.append(own | {"network": "a", "loss": 0.2})
        rows.append(
            own
            | {
                "network": "b",
                "loss": 0.2,
                "difference": value,
                "difference_low": low,
                "difference_high": high,
            }
        )
    return pd.DataFrame(rows)


def test_the_network_that_loses_less_is_the_more_robust_one() -> None:
    table = losses(
        ("rotation", -0.1, -0.15, -0.05), ("masking", 0.02, 0.01, 0.03), ("background", 0, -0.1, 0.1)
    )
    (line,) = lines(right(380), right(379, 3), losses=table)["robustness"]
    assert '"b" loses fewer points to rotation (10.0 [5.0, 15.0] fewer)' in line.text
    assert '"a" loses fewer points to masking by Saliency (2.0 [1.0, 3.0] fewer)' in line.text
    assert "no difference can be told for background" in line.text and line.level == "good"


def test_a_less_accurate_network_has_less_to_lose() -> None:
    (line,) = lines(right(380), right(200), losses=losses(("rotation", -0.1, -0.15, -0.05)))["robustness"]
    assert '"b", which has less to lose, loses fewer points' in line.text and line.level == "caution"


def maps(*values: tuple[str, float, float]) -> pd.DataFrame:
    rows = [
        {"method": m, "network": "b", "measure": "rank_correlation", "value": v, "chance": c,
         "above_low": v - c - 0.05}
        for m, v, c in values
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_maps_are_the_same_alike_partly_alike_or_no_more_than_by_chance() -> None:
    def told(*values: tuple[str, float, float]) -> Line:
        return lines(right(380), right(380), maps=maps(*values))["maps"][0]

    assert "have the same maps" in told(("saliency", 1.0, 0.2)).text
    assert "look at much the same places" in told(("saliency", 0.95, 0.2)).text
    some = told(("saliency", 0.5, 0.2), ("grad_cam", 0.22, 0.2))
    assert "by 1 of 2 methods" in some.text and "most by Saliency" in some.text
    assert "rank correlation 0.22 to 0.50, of maps of two different images 0.20" in some.text
    assert told(("saliency", 0.2, 0.2)).level == "bad"


def rankings(*taus: tuple[float, float, float]) -> pd.DataFrame:
    named = {"metric": "deletion", "quantity": "deletion_auc", "network": "b", "methods": 5}
    rows = [named | {"tau": tau, "low": low, "high": high} for tau, low, high in taus]
    return pd.DataFrame(rows)


def test_methods_rank_alike_in_reverse_or_unclearly() -> None:
    def told(*taus: tuple[float, float, float]) -> Line:
        return lines(right(380), right(380), rankings=rankings(*taus))["rankings"][0]

    assert told((0.8, 0.4, 1)).level == "good" and "5 methods rank alike by" in told((0.8, 0.4, 1)).text
    assert "in reverse by" in told((-0.8, -1, -0.4)).text
    assert "cannot be told from none by" in told((0.2, -0.4, 0.6)).text
    assert told((0.2, -0.4, 0.6)).level == "unknown" and told((0.8, 0.4, 1), (0, -1, 1)).level == "caution"


def test_few_methods_do_not_tell_whether_methods_rank_alike() -> None:
    table = rankings((1, 1, 1)).assign(methods=3)
    (line,) = lines(right(380), right(380), rankings=table)["rankings"]
    assert line.level == "unknown" and line.text.startswith("3 methods are too few")


def test_what_was_not_compared_is_not_spoken_of() -> None:
    assert set(lines(right(380), right(300))) == {"accuracy"}
