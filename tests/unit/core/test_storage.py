"""Params of a job name the copies of files that Snakemake keeps in a storage; elsewhere nothing changes."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Params

from signsight.core.storage import name_local_copies, prefix_of

ROOTS = ["results", ".cache"]
COPIES = ".snakemake/storage/s3/bucket/one"
GIVEN = {
    "folder": "results/tiny/mask/few",
    "sets": {"clean": "results/tiny/crop/test", "own": ["photographs", ".cache/x"]},
    "path": Path("results/tiny"),
    "seed": 3,
    "words": "results of a run",
    "source": "archives/results/x",
}


def params_of_a_job(log: str) -> Params:
    class Job(SimpleNamespace):
        """As Snakemake's object: params are made anew at every look."""

        @property
        def params(self) -> Params:
            return Params(fromdict=copy.deepcopy(GIVEN))

    one = Job(log=[log], config={"results": "results", "cache": ".cache"})
    name_local_copies(one)
    return one.params


def test_params_name_the_copies() -> None:
    params = params_of_a_job(f"{COPIES}/results/tiny/logs/score.log")
    assert dict(params.items()) == {
        "folder": f"{COPIES}/results/tiny/mask/few",
        "sets": {"clean": f"{COPIES}/results/tiny/crop/test", "own": ["photographs", f"{COPIES}/.cache/x"]},
        "path": Path(COPIES, "results/tiny"),
        "seed": 3,
        "words": "results of a run",
        "source": "archives/results/x",
    }
    assert list(params) == list(dict(params.items()).values())


def test_nothing_changes_where_the_files_lie_in_their_own_place() -> None:
    assert dict(params_of_a_job("results/tiny/logs/score.log").items()) == GIVEN


@pytest.mark.parametrize(
    ("file", "prefix"),
    [
        (f"{COPIES}/results/tiny/logs/a.log", COPIES),
        (f"{COPIES}/.cache/gtsrb/a.log", COPIES),
        ("results/results/logs/a.log", ""),
        (".cache/results/a.log", ""),
        ("/data/results/tiny/logs/a.log", "/data"),
        ("elsewhere/a.log", ""),
    ],
)
def test_the_prefix(file: str, prefix: str) -> None:
    assert prefix_of(file, ROOTS) == prefix
