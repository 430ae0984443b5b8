"""Logits in what networks return: every common form, and refusals that say what came out."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from signsight.core.errors import UserError
from signsight.models.logits import logits_of

LOGITS, OTHER = torch.arange(10.0).view(2, 5), torch.ones(2, 7)
MAP = torch.ones(2, 5, 3, 3)
Outputs = namedtuple("Outputs", ["aux", "logits"])


class Output(OrderedDict):
    """As Hugging Face's outputs are: a dict with attributes."""


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        LOGITS[:, :, None, None],
        (LOGITS, OTHER),
        [MAP, None, LOGITS],
        Outputs(OTHER, LOGITS),
        {"logits": LOGITS},
        {"aux": OTHER, "out": LOGITS},
        {"features": MAP, "scores": LOGITS[:, :, None, None]},
        Output(loss=torch.tensor(1.0), logits=LOGITS, hidden=OTHER),
        SimpleNamespace(hidden=OTHER, logits=LOGITS),
    ],
)
def test_logits_are_found(output: Any) -> None:
    assert torch.equal(logits_of(output), LOGITS)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (MAP, r"returns a tensor of shape \(2, 5, 3, 3\) instead of logits"),
        (torch.ones(2), r"a tensor of shape \(2,\)"),
        ({"logits": MAP, "other": LOGITS}, "a dict of 'logits', 'other'"),
        ((), "a tuple of nothing"),
        ([None, MAP, 1, 2], r"an object of type NoneType, a tensor of shape \(2, 5, 3, 3\), .* and 1 more"),
        ("cat", "an object of type str"),
    ],
)
def test_what_is_no_table_of_logits_is_refused(output: Any, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        logits_of(output)
    assert "\n" not in str(caught.value)
