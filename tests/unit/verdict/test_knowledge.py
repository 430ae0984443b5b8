"""Whether a network knows anything, and its hardest classes, on cases that are counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.accuracy import accuracy_row, confusion_table
from signsight.evaluation.guessing import no_ranking
from signsight.verdict.knowledge import hardest_classes, knowledge, lower_tail, refusal
from signsight.verdict.lines import Line

NAMES = {0: "cat", 1: "dog", 2: "hen"}


def tables(truth: list[int], predicted: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracy and confusions of these classes and answers."""
    one, two = np.array(truth), np.array(predicted)
    return pd.DataFrame([accuracy_row(one == two, one, None, 0.95)]), confusion_table(one, two)


def told(truth: list[int], predicted: list[int], names: Mapping[int, str] = NAMES) -> Line:
    (line,) = knowledge(*tables(truth, predicted), names)
    return line


HALF = [0] * 18 + [1] * 9 + [2] * 9  # 36 images, half of them cats


def test_one_class_for_all_images_is_said_in_words() -> None:
    line = told(HALF, [1] * 36)
    assert line.level == "bad" and line.text.startswith('The network names "dog" for all 36 test images')
    assert "9 of 36 test images are right, 25.0 %" in line.text
    assert 'always naming the largest class, "cat", gets 50.0 %' in line.text
    assert "33.3" not in line.text


def test_a_perfect_network_knows_its_classes() -> None:
    line = told(HALF, HALF)
    assert line.level == "good" and "36 of 36 test images are right, 100.0 % [90.4, 100.0]" in line.text


def test_the_largest_class_counts_and_not_the_number_of_classes() -> None:
    """16 of 36 right is well above 1 of 3, and below the half that are cats."""
    predicted = [0] * 10 + [1] * 8 + [1] * 4 + [0] * 5 + [2] * 2 + [0] * 7
    line = told(HALF, predicted)
    assert line.level == "bad" and "no better than a guess" in line.text and "44.4 %" in line.text


def test_a_weak_network_is_better_than_a_guess_and_no_more() -> None:
    """40 of 100 right, where each of ten classes has ten images."""
    truth = [k for k in range(10) for _ in range(10)]
    line = told(
        truth, [k if i % 10 < 4 else (k + 1) % 10 for i, k in enumerate(truth)], dict.fromkeys(range(10), "x")
    )
    assert (
        line.level == "caution"
        and "better than a guess, but wrong more often than right: 40 of 100" in line.text
    )


def test_too_few_images_do_not_tell() -> None:
    """8 of 12 right against 6 of 12 cats: Wilson's interval reaches from 39 to 86 %."""
    truth = [0] * 6 + [1] * 3 + [2] * 3
    predicted = [0] * 5 + [1] + [1] * 2 + [0] + [2] + [0] * 2
    line = told(truth, predicted)
    assert line.level == "unknown" and line.text.startswith("12 test images do not tell")
    assert "[39.1, 86.2]" in line.text
    assert no_ranking(tables(truth, predicted)[0])


def test_classes_of_one_size_have_no_largest_one() -> None:
    truth = [0, 1, 2] * 12
    assert "always naming the same class gets 33.3 %" in told(truth, truth).text


def test_test_images_of_one_class_tell_nothing_but_are_ranked() -> None:
    line = told([1] * 20, [1] * 19 + [0])
    assert line.level == "unknown" and 'of one class, "dog"' in line.text
    assert no_ranking(tables([1] * 20, [1] * 19 + [0])[0]) == ""


def test_no_images() -> None:
    assert told([], []).level == "unknown"


def test_a_class_without_a_name_has_its_number() -> None:
    assert '"class 7"' in told([7] * 6 + [1] * 4, [7] * 10).text


def test_a_guessing_network_gets_no_ranking_and_has_nothing_to_lose() -> None:
    clean, _ = tables(HALF, [0] * 36)
    ranking, breaks = refusal(clean)
    assert ranking.text == no_ranking(clean) and "not ranked" in ranking.text
    assert "no knowledge to lose" in breaks.text and {ranking.level, breaks.level} == {"unknown"}
    assert list(refusal(tables(HALF, HALF)[0])) == []


@pytest.mark.parametrize("clean", [tables(HALF, HALF)[0], tables([0, 1, 2] * 20, [0, 1, 2] * 20)[0]])
def test_a_network_that_knows_is_ranked(clean: pd.DataFrame) -> None:
    assert no_ranking(clean) == ""


def test_the_tail_is_that_of_drawing_without_replacement() -> None:
    """By counting: 5 of 20 images drawn, 12 of the 20 right."""
    ways = [comb(12, k) * comb(8, 5 - k) / comb(20, 5) for k in range(6)]
    for k in range(6):
        assert lower_tail(k, 5, 12, 20) == pytest.approx(sum(ways[: k + 1]))
    # where 18 of 20 are right, at least 3 of 5 are
    assert lower_tail(2, 5, 18, 20) == 0 and lower_tail(5, 5, 18, 20) == pytest.approx(1)


def lines(truth: list[int], predicted: list[int], own: bool = True) -> list[Line]:
    return list(hardest_classes(confusion_table(np.array(truth), np.array(predicted)), NAMES, own, 0.95))


def test_a_class_that_is_mostly_wrong_is_named() -> None:
    truth = [0] * 30 + [1] * 30 + [2] * 30
    predicted = [0] * 30 + [1] * 30 + [2] * 10 + [0] * 20
    (line,) = lines(truth, predicted)
    assert line.level == "bad" and 'for "hen" (33.3 % [19.2, 51.2] of 30).' in line.text
    assert "cat" not in line.text


def test_small_differences_name_no_class() -> None:
    truth = [0] * 30 + [1] * 30 + [2] * 30
    (line,) = lines(truth, [1, *truth[1:]])
    assert line.level == "good" and 'lowest: "cat" (96.7 %' in line.text


def test_few_images_of_a_class_say_so() -> None:
    truth = [0] * 4 + [1] * 4 + [2] * 4
    (line,) = lines(truth, [1, *truth[1:]])
    assert line.level == "unknown" and "4 images of a class show only large differences" in line.text


def test_classes_without_test_images_are_named_where_they_are_the_data_sets() -> None:
    truth = [0] * 20 + [2] * 20
    (line,) = lines(truth, truth)
    assert line.level == "caution" and 'no test images of "dog"' in line.text
    assert lines(truth, truth, own=False) == []
