"""Digest: changes with the code that is imported, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from signsight.core import digest
from signsight.core.digest import code_digest

FILES = {
    "top.py": '"""Top."""\nfrom signsight.deep import middle\n\n\n'
    'def f():\n    """Doc."""\n    return 1  # one\n',
    "deep/middle.py": "import signsight.deep.bottom\n",
    "deep/bottom.py": "def late():\n    from signsight.lazy import value\n    return value\n",
    "lazy.py": "value = 3\n",
    "other.py": "value = 4\n",
    "core/words.py": "TEXT = 'a'\n",
}


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(digest, "PACKAGE", tmp_path)
    clear()
    yield tmp_path
    clear()


def clear() -> None:
    for cached in (digest._tree, digest._imports, digest._code):
        cached.cache_clear()


def changed(package: Path, file: str, old: str, new: str, asked: str = "top.py") -> bool:
    clear()
    before = code_digest(asked)
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))
    clear()
    return code_digest(asked) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# one", "# two, longer"),
        ('"""Doc."""', '"""Other."""'),
        ('"""Top."""', '"""X.\n\nY."""'),
        ("\n\n\n", "\n\n"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(package: Path, old: str, new: str) -> None:
    assert not changed(package, "top.py", old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("top.py", "return 1", "return 2"),
        ("deep/middle.py", "import signsight.deep.bottom", "import signsight.deep.bottom\nx = 1"),
        ("deep/bottom.py", "return value", "return -value"),
        ("lazy.py", "3", "5"),
    ],
)
def test_code_of_whatever_is_imported_counts(package: Path, file: str, old: str, new: str) -> None:
    assert changed(package, file, old, new)


def test_what_is_not_imported_does_not_count(package: Path) -> None:
    assert not changed(package, "other.py", "4", "5")
    assert changed(package, "other.py", "5", "6", asked="other.py")


def test_what_cannot_change_a_result_does_not_count(package: Path) -> None:
    (package / "top.py").write_text(FILES["top.py"] + "from signsight.core.words import TEXT\n")
    assert not changed(package, "core/words.py", "'a'", "'b'")


def test_the_order_of_the_files_does_not_count(package: Path) -> None:
    assert code_digest("top.py", "other.py") == code_digest("other.py", "top.py") != code_digest("top.py")


def test_moved_code_counts(package: Path) -> None:
    before = code_digest("lazy.py")
    (package / "lazy.py").rename(package / "moved.py")
    clear()
    assert code_digest("moved.py") != before


def test_files_that_import_each_other_end(package: Path) -> None:
    (package / "lazy.py").write_text("import signsight.top\n")
    clear()
    assert code_digest("lazy.py") and code_digest("top.py")
