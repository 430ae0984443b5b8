"""Files between stages that are damaged, of another run or would run code: one sentence, with the file."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from case import Case, fault_of
from rules_alone import Script, Step
from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, read_csv, write_csv
from signsight.core.stored import stored, stored_array, stored_arrays
from signsight.data.imageset import check_fits, image_writer, open_image_set, read_index, write_index
from signsight.evaluation.accuracy import load_correct, load_masking, load_predicted
from signsight.evaluation.auc import load_columns
from signsight.evaluation.background import load_answers
from signsight.evaluation.compared.matching import read_matched
from signsight.evaluation.metric_table import read_result
from signsight.perturbation.masking import masked_sets, rank_file

AGAIN = "delete it and run again"


class Runs:
    """Its pickle makes a folder called `canary` when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("canary",)


def npy(array: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **options)
    return out.getvalue()


def header(text: str) -> bytes:
    """An `.npy` file whose header is this text, and 16 bytes of values."""
    data = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data + bytes(16)


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def zipped(content: bytes, how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("a.npy", content)
    return out.getvalue()


MAPS = np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32)
OBJECTS = np.array([Runs()], object)
ARRAYS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"no array\n",
    "zeros": lambda: bytes(1000),
    "a pickle": lambda: pickle.dumps(Runs()),
    "objects": lambda: npy(OBJECTS),
    "Fortran order": lambda: npy(np.asfortranarray(MAPS)),
    "a single number": lambda: npy(np.float32(3)),
    "half a header": lambda: npy(MAPS)[:40],
    "a header of code": lambda: header("__import__('os').mkdir('canary')"),
    "a header of a table": lambda: header("{}"),
    "a negative shape": lambda: header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 8)}"),
    "an unknown type": lambda: header("{'descr': '<q9', 'fortran_order': False, 'shape': (4,)}"),
    "version 9": lambda: b"\x93NUMPY\x09\x00" + npy(MAPS)[8:],
    "truncated": lambda: npy(MAPS)[:-9],
    "an immense shape": lambda: header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 8)}"
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_is_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("maps.npy").write_bytes(ARRAYS[name]())
    with pytest.raises(UserError, match=r"^maps\.npy") as caught:
        stored_array("maps.npy")
    assert "\n" not in str(caught.value)
    assert os.listdir() == ["maps.npy"], "code of the file was run"  # noqa: PTH208


SETS = {"sets": np.array(["none", "5"]), "predicted": np.zeros((2, 4), np.int16)}
SCORES = SETS | {"probability": np.zeros((2, 4), np.float32), "columns": np.zeros((2, 4, 3), np.float32),
                 "column_ids": np.arange(3)}  # fmt: skip
ARCHIVES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"no archive\n",
    "an array": lambda: npy(MAPS),
    "a pickle": lambda: pickle.dumps(Runs()),
    "a zip of text": lambda: zipped(b"x"),
    "objects": lambda: npz(sets=OBJECTS, ids=OBJECTS, predicted=OBJECTS, x=OBJECTS, labels=OBJECTS),
    "another's arrays": lambda: npz(other=MAPS),
    "truncated": lambda: npz(**SCORES)[:-30],
}
READERS: dict[str, Callable[[Path], object]] = {
    "all arrays": stored_arrays,
    "predictions": load_predicted,
    "answers": load_answers,
    "columns": lambda path: load_columns(path, "none"),
    "masking": load_masking,
    "a metric": read_result,
    "matched images": read_matched,
}
FINE = {("all arrays", "another's arrays")}  # whatever they are


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_is_none(
    name: str, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scores.npz").write_bytes(ARCHIVES[name]())
    if (reader, name) in FINE:
        READERS[reader](Path("scores.npz"))
        return
    with pytest.raises(UserError, match=rf"^scores\.npz.*{AGAIN}") as caught:
        READERS[reader](Path("scores.npz"))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert os.listdir() == ["scores.npz"], "code of the file was run"  # noqa: PTH208


def test_a_byte_that_has_changed(tmp_path: Path) -> None:
    content = bytearray(npz(values=np.arange(4000)))
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match=f"Bad CRC.*{AGAIN}"):
        stored_arrays(tmp_path / "a.npz")


def test_an_archive_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is small and would fill the memory; with a smaller limit, so that the test is quick."""
    monkeypatch.setattr("signsight.core.stored.LARGEST", 1000)
    monkeypatch.setattr("signsight.core.stored.MOST", 10)
    (tmp_path / "a.npz").write_bytes(zipped(bytes(1_000_000), zipfile.ZIP_DEFLATED))
    with pytest.raises(UserError, match=f"arrays are too large.*{AGAIN}"), stored(tmp_path / "a.npz"):
        pass


def test_predictions_of_other_images(tmp_path: Path) -> None:
    (tmp_path / "scores.npz").write_bytes(npz(**SETS))
    assert load_correct(tmp_path / "scores.npz", np.zeros(4, int))["none"].all()
    for count in (3, 5, 1):
        with pytest.raises(UserError, match=f"for {count} images, so it is of another run; {AGAIN}"):
            load_correct(tmp_path / "scores.npz", np.zeros(count, int))


TABLES = {
    "nothing": b"",
    "binary": bytes(range(256)),
    "latin-1": "image_id,class_id,track,source\nstra\xdfe,1,t,s\n".encode("latin-1"),
    "ragged": b"image_id,class_id,track,source\na,1,t,s\nb,1,t,s,x,y,z\n",
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("reader", [read_csv, read_index])
def test_a_table_that_is_none(name: str, reader: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_bytes(TABLES[name])
    with pytest.raises(UserError) as caught:
        reader(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


INDEXES = {
    "an image twice": ("image_id,class_id,track,source\na,1,t,s\na,2,t,s\n", "has the image 'a' twice"),
    "no class": ("image_id,track,source\na,t,s\n", "lacks the column 'class_id'"),
    "a class of text": ("image_id,class_id,track,source\na,x,t,s\n", "class_id that is no number"),
    "half a class": ("image_id,class_id,track,source\na,1.5,t,s\n", "class_id that is no number"),
    "an empty class": ("image_id,class_id,track,source\na,,t,s\n", "class_id that is no number"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_is_wrong(name: str, tmp_path: Path) -> None:
    text, words = INDEXES[name]
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(UserError, match=words):
        read_index(tmp_path / "index.csv")


def image_set(folder: Path, count: int = 3) -> Any:
    import pandas as pd

    with image_writer(folder, count, 8, 8) as out:
        out.append(np.zeros((count, 8, 8, 3), np.uint8))
    rows = [{"image_id": f"i{n}", "class_id": 0, "track": "", "source": ""} for n in range(count)]
    write_index(folder, pd.DataFrame(rows))
    return open_image_set(folder)


@pytest.mark.parametrize(
    "maps",
    [MAPS[:2], np.concatenate([MAPS, MAPS]), MAPS[:, :4], MAPS[..., None], MAPS[0], MAPS.astype("S4")],
    ids=["fewer", "more", "another size", "colours", "one map", "text"],
)
def test_maps_of_other_images(maps: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "maps.npy").write_bytes(npy(np.ascontiguousarray(maps)))
    with pytest.raises(UserError, match=f"so it is of another run; {AGAIN}"):
        check_fits(ArrayFile(tmp_path / "maps.npy"), image_set(tmp_path / "set"))


@pytest.mark.parametrize("maps", [np.full_like(MAPS, np.nan), MAPS[0], MAPS.astype(np.int32)])
def test_maps_that_cannot_be_ranked(maps: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "maps.npy").write_bytes(npy(maps))
    with pytest.raises(UserError, match=rf"maps\.npy holds no .*; {AGAIN}"):
        rank_file(tmp_path / "maps.npy", tmp_path / "cells.npy", grid=4, share=0.1, count=16)
    assert not (tmp_path / "cells.npy").exists()


@pytest.mark.parametrize("shape", [(2, 16), (5, 16), (3, 1), (3,)])
def test_cells_of_other_images(shape: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "cells.npy").write_bytes(npy(np.zeros(shape, np.int16)))
    folders = {2: tmp_path / "masked"}
    with pytest.raises(UserError, match="so it is of another run"):
        masked_sets(image_set(tmp_path / "set"), tmp_path / "cells.npy", folders, grid=4, colour=[1, 1, 1])
    assert not list(tmp_path.glob("masked/*"))


def test_rows_beyond_a_file(tmp_path: Path) -> None:
    (tmp_path / "maps.npy").write_bytes(npy(MAPS))
    assert ArrayFile(tmp_path / "maps.npy").take([2, 0]).shape == (2, 8, 8)
    for row in (3, -1):
        with pytest.raises(UserError, match=f"has 3 rows and row {row} is wanted"):
            ArrayFile(tmp_path / "maps.npy").take([0, row])


@pytest.mark.parametrize(
    "name", ["NA", "null", "001", "1e5", "<script>", '"', "=1+1", "a,b", "\u202eabc", "\U0001f6d1"]
)
def test_a_class_keeps_its_name_in_tables(name: str, tmp_path: Path) -> None:
    import pandas as pd

    write_csv(tmp_path / "t.csv", pd.DataFrame({"class_id": [0], "name": [name], "n": [1]}))
    assert read_csv(tmp_path / "t.csv")["name"].tolist() == [name]


def sticker_job(folder: Path, images: int = 4, names: tuple[str, str] = ("NA", "001")) -> Step:
    """Pictures of class 0 that a sticker turns into class 1, with predictions for four images."""
    rows = "".join(f"i{n},0,t,s\n" for n in range(images))
    (folder / "index.csv").write_text("image_id,class_id,track,source\n" + rows)
    (folder / "classes.csv").write_text(
        "class_id,name,shape\n" + "".join(f'{n},"{name}",circle\n' for n, name in enumerate(names))
    )
    predicted = np.array([[0] * 4, [1] * 4], np.int16)
    (folder / "scores.npz").write_bytes(npz(sets=np.array(["none", "a-large"]), predicted=predicted))
    params = {
        "targets": ["test"],
        "methods": ["saliency"],
        "sets": {"a-large": ("a", "large")},
        "confidence": 0.95,
    }
    inputs = {"classes": "classes.csv", "index": ["index.csv"], "scores": ["scores.npz"]}
    outputs = {"stickers": "made/stickers.csv", "confusions": "made/confusions.csv"}
    return Script("evaluation/sticker_table", params, outputs, inputs)


def named(folder: Path) -> None:
    table = read_csv(folder / "made/confusions.csv")
    assert table[["class_name", "predicted_name"]].drop_duplicates().to_numpy().tolist() == [["NA", "001"]]
    assert set(table["count"]) == {4}


STICKERS = [
    Case("names that look like numbers or nothing", sticker_job, truth=named),
    Case(
        "predictions of other images",
        lambda folder: sticker_job(folder, images=3),
        "scores.npz has values of shape (4,) for 3 images, so it is of another run; delete it and run again.",
    ),
]


@pytest.mark.parametrize("case", STICKERS, ids=[case.name for case in STICKERS])
def test_the_table_of_stickers(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
