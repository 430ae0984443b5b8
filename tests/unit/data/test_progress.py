"""Progress: an estimate soon, then a line now and then, whose time left is right where work is even."""

from __future__ import annotations

import logging
import re

import pytest

from signsight.data.progress import count_passes, duration, pieces, progress


class Clock:
    """A clock that stands still until it is set on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def run(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.INFO, "signsight")
    return caplog.messages


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "signsight")
    return caplog


def seconds_left(line: str) -> float:
    """What a line says is left, in seconds."""
    found = re.search(r"(?:(\d+) h )?(?:(\d+) min )?(?:(\d+) s )?left", line)
    assert found, line
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def test_bytes_are_shown_as_megabytes_and_time_left(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with progress("file.zip", 4_000_000, "B", clock=clock) as step:
        for seconds in (1, 10, 1, 13):
            clock.run(seconds)
            step(1_000_000)
    assert said.messages == ["file.zip: 2.0 of 4.0 MB (50 %), 11 s left", "file.zip: 4.0 of 4.0 MB (100 %)"]


def test_bytes_of_an_unknown_number(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with progress("file.zip", None, "B", clock=clock) as step:
        clock.run(30)
        step(1_500_000)
    assert said.messages == ["file.zip: 1.5 MB"]


def test_what_was_there_before_does_not_make_the_rest_look_quick(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with progress("file.zip", 10_000_000, "B", done=8_000_000, clock=clock) as step:
        clock.run(20)
        step(1_000_000)
    assert seconds_left(said.messages[-1]) == 20


def test_even_work_is_announced_estimated_soon_and_told_every_ten_seconds(
    said: pytest.LogCaptureFixture,
) -> None:
    clock, count = Clock(), 600
    with progress("saliency", count, "images", clock=clock) as step:
        assert said.messages == ["saliency: 600 images to do; an estimate of the time follows"]
        for done in range(1, count + 1):
            clock.run(0.5)
            before = len(said.messages)
            step(1)
            for line in said.messages[before:]:
                assert f"{done} of 600 images" in line
                assert done == count or seconds_left(line) == pytest.approx((count - done) / 2, abs=30)
    assert len(said.messages) == 1 + 1 + (300 - 2) // 10
    assert "4 of 600 images (0 %)" in said.messages[1]  # after two seconds


def test_one_thing_is_said_to_be_one(said: pytest.LogCaptureFixture) -> None:
    with progress("crop", 1, "pictures", clock=Clock()):
        pass
    assert said.messages == ["crop: 1 picture to do; an estimate of the time follows"]


def test_short_work_says_what_it_does_and_no_more(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with progress("crop", 50, "images", clock=clock) as step:
        for _ in range(50):
            clock.run(0.01)
            step(1)
    assert len(said.messages) == 1


def test_one_slow_batch_is_not_silent(said: pytest.LogCaptureFixture) -> None:
    """Four batches of 64 images, each of 256 passes of 64 inputs that take a second: some 17 minutes."""
    clock, batch = Clock(), 64
    with progress("score_cam", 4 * batch, "images", step=batch, clock=clock) as step:
        for _ in range(4):
            for _ in pieces(range(256), 256):
                count_passes(batch)
                clock.run(1)
            step(batch)
    announced, first, *others = said.messages
    assert "256 images to do" in announced
    assert first == "score_cam: 0 of 256 images (0 %), about 256 forward passes for each, 17 min left"
    assert len(others) == (4 * 256 - 2) // 10 and not any("forward passes" in line for line in others)
    assert not any(line.endswith("images (100 %)") for line in others[:-1])
    lefts = [seconds_left(line) for line in others if "left" in line]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[len(lefts) // 2] == pytest.approx(512, abs=35)


def test_pieces_within_pieces_and_a_progress_within_a_progress(said: pytest.LogCaptureFixture) -> None:
    """Two parts, each of two runs of ten pieces, of a second each: ten seconds are a quarter."""
    clock = Clock()
    with progress("stability", 2, "images", clock=clock, every=10) as outer:
        for _ in range(2):
            for _ in pieces(range(2), 2):
                with progress("inner", 10, "pictures") as inner:
                    for _ in range(10):
                        clock.run(1)
                        inner(1)
            outer(1)
    shares = [int(found[1]) for line in said.messages if (found := re.search(r"\((\d+) %\)", line))]
    assert shares == [5, 30, 55, 80]  # after 2, 12, 22 and 32 of 40 seconds
    assert not any("inner" in line for line in said.messages)


def test_a_last_batch_that_is_smaller_ends_at_the_whole(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with progress("rise", 5, "images", step=4, clock=clock) as step:
        for count in (4, 1):
            for _ in pieces(range(3), 3):
                clock.run(10)
            step(count)
    assert "5 of 5 images (100 %)" in said.messages[-1]
    shares = [int(found[1]) for line in said.messages if (found := re.search(r"\((\d+) %\)", line))]
    assert shares == sorted(shares) and shares[:3] == [26, 53, 80]


def test_without_a_progress_pieces_are_just_handed_on(said: pytest.LogCaptureFixture) -> None:
    assert list(pieces(iter("abc"), 3)) == ["a", "b", "c"]
    count_passes(5)
    assert said.messages == []


def test_a_fault_leaves_nothing_running(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="broken"), progress("one", 2, "images", clock=clock):
        for _ in pieces(range(3), 3):
            raise ValueError("broken")
    with progress("two", 2, "images", clock=clock) as step:
        clock.run(20)
        step(1)
    assert said.messages[-1] == "two: 1 of 2 images (50 %), 20 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (720, "12 min"),
        (5999, "1 h 40 min"),
        (12_000, "3 h 20 min"),
    ],
)
def test_durations_are_as_precise_as_an_estimate(seconds: float, words: str) -> None:
    assert duration(seconds) == words
