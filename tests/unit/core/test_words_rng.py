"""Messages: near misses and long lists. Random draws: by what is drawn alone."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.core.errors import UserError
from signsight.core.registry import replacements
from signsight.core.rng import generator
from signsight.core.words import nearest, shortened


def test_every_name_gives_its_entry() -> None:
    for name in replacements.names():
        assert replacements.get(name).__doc__
        assert set(replacements.about(name)) - {"normalised"} == {"source", "random"}


def test_an_unknown_name_is_refused_with_the_near_miss() -> None:
    with pytest.raises(UserError, match="Unknown replacement 'unifrom'; did you mean 'uniform'"):
        replacements.get("unifrom")


def test_near_misses_come_first_and_long_lists_are_cut() -> None:
    assert (
        nearest("salient", ["grad_cam", "saliency"])
        == "did you mean 'saliency'? Allowed: grad_cam, saliency."
    )
    assert nearest("zzz", ["a", "b"]) == "Allowed: a, b."
    many = [f"name{n}" for n in range(100)]
    assert "did you mean 'name7'" in nearest("name77x", [*many[:8], "other"])
    assert nearest("qqq", many).endswith("and 80 more.")


def test_the_same_thing_is_drawn_alike_and_another_one_differently() -> None:
    def draw(*what: str | int) -> tuple[float, ...]:
        return tuple(generator(*what).random(4))

    keys = [(1, "noise", "a"), (2, "noise", "a"), (1, "noise", "b"), (1, "map", "a"), (1, "noise", "a", 0),
            (1, "noise", "a", 1), (1, "noisea"), (1, "a", "noise"), (1,)]  # fmt: skip
    draws = [draw(*key) for key in keys]
    assert draws == [draw(*key) for key in keys]
    assert len(set(draws)) == len(keys)


def test_a_stream_is_the_same_on_every_machine() -> None:
    # Of numpy's documented seeding by [seed, digest], computed once; a change would change results.
    import hashlib

    digest = hashlib.blake2b(b"noise\x1f7", digest_size=16).digest()
    expected = np.random.Generator(np.random.PCG64([5, int.from_bytes(digest, "little")])).random(3)
    np.testing.assert_array_equal(generator(5, "noise", 7).random(3), expected)


def test_draws_of_neighbouring_images_do_not_correlate() -> None:
    draws = np.stack([generator(0, "noise", f"{n:05d}.ppm").standard_normal(200) for n in range(200)])
    between = np.corrcoef(draws)[np.triu_indices(200, 1)]
    assert abs(between.mean()) < 0.005  # its standard error is 0.0005
    assert abs(between.std() - 200**-0.5) < 0.005
    assert abs(draws.mean()) < 0.02 and abs(draws.std() - 1) < 0.02


def test_a_shortened_name_is_its_beginning_in_whole_letters() -> None:
    assert shortened("short") == "short"
    for name in ("n" * 300, "名" * 100, "x" + "名" * 100):
        found = shortened(name)
        assert name.startswith(found) and 147 < len(found.encode()) <= 150
