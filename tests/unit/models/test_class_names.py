"""Names of classes from lists and files: text as it stands, and refusals in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signsight.core.errors import UserError
from signsight.models.class_names import read_classes

NAMES = ["NA", "null", "001", "großer Hund", "a, b"]
FILES = {
    "names.txt": "NA\nnull\n 001\r\ngroßer Hund\na, b\n\n",
    "names": "\ufeffNA\nnull\n001\ngroßer Hund\na, b",
    "names.json": '["NA", "null", "001", "großer Hund", "a, b"]',
    "names.csv": '\ufeffname,wnid\nNA,n1\nnull,n2\n001,n3\ngroßer Hund,n4\n"a, b",n5\n',
    "numbered.CSV": 'class_id,name\n0,NA\n1,null\n2,001\n3,großer Hund\n4,"a, b"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_names_of_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    assert read_classes(str(tmp_path / name)) == NAMES


def test_names_of_a_list() -> None:
    assert read_classes(NAMES) == NAMES


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "fewer than two"),
        (["cat"], "fewer than two"),
        (["cat", "dog", "cat"], "gives classes 0 and 2 the name 'cat'"),
        (["cat", ""], "'' for class 1; give it a name"),
        (["cat", "a\tb"], "for class 1; give it a name"),
        (["cat", 1], "has 1 for class 1; write the name in quotes"),
        (["cat", None], "None for class 1; write the name in quotes"),
    ],
)
def test_lists_that_are_refused(names: list[Any], words: str) -> None:
    with pytest.raises(UserError, match=rf"^Config key 'model\.classes' .*{words}"):
        read_classes(names)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "fewer than two"),
        ("a.txt", b"cat\n\ndog\n", "'' for class 1"),
        ("a.txt", b"cat\ndog\ncat\n", "classes 0 and 2"),
        ("a.txt", "Hündin\nRüde\n".encode("latin-1"), "cannot be read as names"),
        ("a.txt", b"cat\n\x00\x01\n", "for class 1; give it a name"),
        ("a.json", b"[1", "cannot be read as names"),
        ("a.json", b"[" * 100_000, "cannot be read as names"),
        ("a.json", b'{"a": 1}', "no list"),
        ("a.json", b"[1, 2]", "in quotes"),
        ("a.csv", b"class,wnid\ncat,n1\n", "no rows with the column 'name'"),
        ("a.csv", b"", "no rows with the column 'name'"),
        ("a.csv", b'name\n"cat\n', "cannot be read as names"),
        ("a.csv", b"name\n" + b"x" * 200_000, "cannot be read as names"),
        ("a.csv", b"class_id,name\n1,cat\n0,dog\n", "class_id '1' in row 1 instead of 0; sort"),
        ("a.csv", b"wnid,name\nn1,cat\nn2\n", "'' for class 1"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=words) as caught:
        read_classes(str(tmp_path / name))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "no.txt", tmp_path):
        with pytest.raises(UserError, match="correct the path"):
            read_classes(str(path))
