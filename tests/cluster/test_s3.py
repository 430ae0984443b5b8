"""A run whose results and cache lie in S3, on a server of its own: `make s3-test`, no part of `make test`.

What it needs is in .venv-storage alone (`sh envs/setup.sh storage`). The same experiment on the disk is the
truth that it is held against.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pandas as pd
import pytest

from tiny_workflow import ROOT, Workflow, changed

BIN = ROOT / ".venv-storage/bin"
BUCKET = "s3://signsight/study"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
LISTED = """
import boto3, json, sys
client = boto3.client("s3", endpoint_url=sys.argv[1])
if sys.argv[2] == "make":
    client.create_bucket(Bucket="signsight")
elif sys.argv[2] == "list":
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="signsight")
    print(json.dumps([one["Key"] for page in pages for one in page.get("Contents", [])]))
else:
    print(client.get_object(Bucket="signsight", Key=sys.argv[3])["Body"].read().decode(), end="")
"""
CONFIG = changed(
    attribution={"methods": ["random", "grad_cam"], "variants": {}}, stickers={"methods": ["grad_cam"]}
)


class Bucket:
    """The bucket on the server, looked at from outside."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, *arguments: str) -> str:
        command = [BIN / "python", "-c", LISTED, self.address, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | KEYS)
        return done.stdout

    def names(self) -> list[str]:
        return json.loads(self.ask("list"))


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """An empty bucket on a server that lives as long as the tests."""
    if not (BIN / "moto_server").exists():
        pytest.skip("needs .venv-storage: sh envs/setup.sh storage")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [BIN / "moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, server)
        one = Bucket(address)
        one.ask("make")
        yield one
        server.terminate()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Come back when the server answers."""
    while server.poll() is None:
        try:
            urlopen(address).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("moto_server ended")


class Stored(Workflow):
    """Runs with results and cache in the bucket."""

    def __init__(self, folder: Path, bucket: Bucket) -> None:
        super().__init__(folder)
        self.bucket = bucket

    def run(self, config: dict[str, Any], *more: str, **_: Any) -> subprocess.CompletedProcess[str]:
        """By the profile's options, as docs/storage.md has them."""
        places = ["--default-storage-provider", "s3", "--default-storage-prefix", BUCKET]
        shared = ["persistence", "software-deployment", "sources", "source-cache", "storage-local-copies"]
        options = [*places, "--storage-s3-endpoint-url", self.bucket.address, "--shared-fs-usage", *shared]
        command = [BIN / "snakemake", *self.arguments(config, *more), *options]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | KEYS)


@pytest.fixture(scope="module")
def stored(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """The tiny experiment, finished in the bucket."""
    workflow = Stored(tmp_path_factory.mktemp("stored"), bucket)
    done = workflow.run(CONFIG)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return workflow


def test_results_lie_in_the_bucket_and_not_on_the_disk(stored: Stored, bucket: Bucket) -> None:
    names = bucket.names()
    assert {"study/results/tiny/train/model.safetensors", "study/results/tiny/explorer.html"} <= set(names)
    assert {name.split("/")[1] for name in names} == {"results", ".cache"}
    assert not list((stored.folder / "results").rglob("*.csv"))


def test_tables_are_those_of_a_run_on_the_disk(stored: Stored, bucket: Bucket, tmp_path: Path) -> None:
    local = Workflow(tmp_path)
    done = local.run(CONFIG)
    assert done.returncode == 0, done.stdout[-6000:]
    tables = sorted(file.name for file in (local.results / "tables").glob("*.csv"))
    prefix = "study/results/tiny/tables/"
    assert tables == [n.removeprefix(prefix) for n in sorted(bucket.names()) if n.startswith(prefix)]
    for table in tables:
        (tmp_path / "stored.csv").write_text(bucket.ask("get", prefix + table))
        here, there = (
            pd.read_csv(file) for file in (local.results / "tables" / table, tmp_path / "stored.csv")
        )
        timed = [column for column in here if "second" in column]
        pd.testing.assert_frame_equal(
            here.drop(columns=timed), there.drop(columns=timed), rtol=1e-5, atol=1e-7
        )


def test_a_second_run_has_nothing_to_do(stored: Stored) -> None:
    done = stored.run(CONFIG, "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr
