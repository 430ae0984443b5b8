"""What breaks a network, on rows with intervals that are set by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from signsight.verdict.losses import angles, backgrounds, masking, stickers

LABELS = {"random": "Random", "saliency": "Saliency"}


def row(loss: float, half: float = 0.02, n: int = 200, **keys: Any) -> dict[str, Any]:
    """A row of an accuracy table; `loss` of accuracy from 0.9, and half the width of its interval."""
    accuracy = 0.9 - loss
    own = {"n": n, "accuracy": accuracy, "low": accuracy - half, "high": accuracy + half, "chance": 0.1}
    return keys | own | {"difference": -loss, "difference_low": -loss - half, "difference_high": -loss + half}


def turned(losses: dict[int, float], half: float = 0.02) -> pd.DataFrame:
    return pd.DataFrame([row(loss, half, transform="rotation", degree=d) for d, loss in losses.items()])


def test_the_angle_at_which_it_breaks() -> None:
    """At 30 degrees the interval of the loss, 6 to 10 points, lies above 5; at 15 it does not."""
    (line,) = angles(turned({-60: 0.7, -30: 0.06, -15: 0.01, 0: 0.0, 15: 0.05, 30: 0.08, 60: 0.8}))
    assert line.level == "bad"
    assert line.text == (
        "Rotation in the plane costs more than 5 points from +30° on: 8.0 points [6.0, 10.0] there, and the"
        " accuracy falls to 10.0 % [8.0, 12.0] at +60°."
    )


def test_angles_that_cost_little() -> None:
    (line,) = angles(turned({-30: 0.02, 0: 0.0, 30: 0.01}))
    assert line.level == "good" and "from −30° to +30° costs no more than 5 points" in line.text
    assert "2.0 points [0.0, 4.0] at −30°" in line.text


def test_intervals_that_do_not_tell() -> None:
    (line,) = angles(turned({-30: 0.04, 0: 0.0, 30: 0.01}, half=0.1))
    assert line.level == "unknown" and "200 images do not exclude it: 4.0 points [−6.0, 14.0]" in line.text


def test_one_angle_alone() -> None:
    (line,) = angles(turned({20: 0.01}))
    assert line.text.startswith("Rotation in the plane by +20° costs no more")


def test_nothing_was_turned() -> None:
    assert list(angles(turned({0: 0.0}))) == []


def stuck(saliency: float, random: float, half: float = 0.02) -> pd.DataFrame:
    rows = [
        row(
            loss if size == "small" else 0.0,
            half,
            target="test",
            method=method,
            sticker="tall",
            sign_size=size,
        )
        for method, loss in (("saliency", saliency), ("random", random))
        for size in ("none", "large", "small")
    ]
    return pd.DataFrame(rows)


def test_the_costliest_sticker_beside_the_same_at_random() -> None:
    (line,) = stickers(stuck(0.3, 0.04), LABELS, "random")
    assert line.level == "bad"
    assert (
        "on the test images (tall, on small signs, placed by Saliency) takes 30.0 points [28.0, 32.0]"
        in line.text
    )
    assert line.text.endswith("; at random places it takes 4.0 points [2.0, 6.0].")
    (alone,) = stickers(stuck(0.3, 0.04).query("method == 'saliency'"), LABELS, None)
    assert "random" not in alone.text


def test_stickers_that_cost_nothing() -> None:
    (line,) = stickers(stuck(0.0, 0.0), LABELS, "random")
    assert line.level == "good" and "costs no more than 5 points" in line.text


def test_where_the_untouched_pictures_are_guessed_there_is_nothing_to_lose() -> None:
    (line,) = stickers(stuck(0.0, 0.0).assign(chance=0.95), LABELS, "random")
    assert line.level == "unknown" and "no more than by a guess" in line.text


def hidden(random: float | None) -> pd.DataFrame:
    losses = {"saliency": 0.4} | ({} if random is None else {"random": random})
    return pd.DataFrame(
        [
            row(loss * cells / 5, method=method, subset=subset, masked_cells=cells)
            for method, loss in losses.items()
            for subset in ("all", "common")
            for cells in range(7)
        ]
    )


@pytest.mark.parametrize(("random", "level"), [(0.2, "bad"), (0.01, "good"), (0.05, "unknown")])
def test_hidden_cells_beside_random_ones(random: float, level: str) -> None:
    (line,) = masking(hidden(random), LABELS, ["random"], "random", 8)
    assert line.level == level and line.text.startswith(
        "With 5 of 64 cells painted over, the most relevant ones"
    )
    assert (
        "by Saliency cost 40.0 points" in line.text
        and f"random ones cost {100 * random:.1f} points" in line.text
    )


def test_hidden_cells_without_random_ones() -> None:
    (line,) = masking(hidden(None), LABELS, [], None, 8)
    assert line.level == "caution" and "random" not in line.text


def behind(alone: float, gap: float, half: float = 0.02) -> pd.DataFrame:
    first = row(0.9 - alone, half, kept="background", behind="surroundings") | {"chance": 0.3}
    other = row(0.2, kept="object", behind="other_class")
    other |= {"gap": gap, "gap_low": gap - half, "gap_high": gap + half}
    return pd.DataFrame([first, other]).assign(seed=1)


def test_a_background_that_tells_the_class() -> None:
    one, two = backgrounds(behind(0.6, 0.2))
    assert one.level == two.level == "bad"
    assert "60.0 % [58.0, 62.0] are right, against 30.0 % for the largest class" in one.text
    assert "depends on the background" in two.text and "20.0 points [18.0, 22.0]" in two.text


def test_a_background_that_does_not() -> None:
    assert [line.level for line in backgrounds(behind(0.3, 0.0))] == ["good", "good"]
    assert [line.level for line in backgrounds(behind(0.35, 0.02, half=0.1))] == ["unknown", "unknown"]
    nothing = behind(0.3, np.nan)
    nothing.loc[0, "n"] = 0
    assert list(backgrounds(nothing)) == []
