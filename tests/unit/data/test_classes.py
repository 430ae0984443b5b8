"""The 43 classes against the tables of the study and the meaning of the signs."""

from __future__ import annotations

from signsight.data.classes import FLIP_LR, FLIP_TB, GTSRB_CLASSES


def test_there_are_43_classes_in_order_with_unique_names() -> None:
    assert [sign.class_id for sign in GTSRB_CLASSES] == list(range(43))
    assert len({sign.name for sign in GTSRB_CLASSES}) == 43


def test_shapes_and_colours_are_those_of_the_study() -> None:
    shapes: dict[str, set[int]] = {}
    colours: dict[str, set[int]] = {}
    for sign in GTSRB_CLASSES:
        shapes.setdefault(sign.shape, set()).add(sign.class_id)
        colours.setdefault(sign.colour, set()).add(sign.class_id)
    assert shapes["triangle"] == {11, *range(18, 32)}
    assert (shapes["inverted_triangle"], shapes["diamond"], shapes["octagon"]) == ({13}, {12}, {14})
    assert colours["red"] == {*range(6), *range(7, 12), *range(13, 32)}
    assert colours["blue"] == set(range(33, 41))
    assert (colours["yellow"], colours["grey"]) == ({12}, {6, 32, 41, 42})


def test_flipping_twice_gives_the_class_again() -> None:
    for rule in (FLIP_LR, FLIP_TB):
        assert all(rule[rule[class_id]] == class_id for class_id in rule)


def test_left_and_right_change_places_in_the_names() -> None:
    names = [sign.name for sign in GTSRB_CLASSES]
    swaps = {number: other for number, other in FLIP_LR.items() if number != other}
    assert set(swaps) == {19, 20, 33, 34, 36, 37, 38, 39}
    for number, other in swaps.items():
        swapped = names[number].replace("left", "L").replace("right", "left").replace("L", "right")
        assert swapped == names[other]


def test_what_keeps_its_class() -> None:
    kept = {number for number, other in FLIP_LR.items() if number == other}
    assert kept == {11, 12, 13, 15, 17, 18, 22, 26, 30, 35, 40}
    assert set(FLIP_TB) == {1, 5, 12, 15, 17}
