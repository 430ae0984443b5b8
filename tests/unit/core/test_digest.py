"""Digest: changes with the code that a job can reach, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signsight.core import digest
from signsight.core.digest import job_digest, reached
from signsight.core.registry import REGISTRIES, methods, replacements, use_plugins
from signsight.core.source import PACKAGE

FILES = {
    "top.py": (
        '''"""Top."""
import logging
from typing import Annotated
from deep import middle
from words import near
from kinds import Kind

log = logging.getLogger("x")
Many = Annotated[Kind, "How many."]


def f(a: Kind = 1, b: Many = 2) -> Kind:
    """Doc."""
    log.info("so many %d", a)
    if a > 3:
        raise ValueError(f"no, {near(a)}")
    return middle.g(1)  # one
'''
    ),
    "deep/__init__.py": '"""Deep."""\n',
    "deep/middle.py": "import deep.bottom\n\n\ndef g(x):\n    return deep.bottom.late() + x\n",
    "deep/bottom.py": "def late():\n    from lazy import value\n    return value\n",
    "lazy.py": "value = 3\n",
    "other.py": "value = 4\n",
    "words.py": "def near(a):\n    return 'a'\n",
    "kinds.py": "class Kind:\n    pass\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A script, `top.py`, and modules beside it, as a plugin may have them."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def forget() -> None:
    digest._read.cache_clear()
    digest._digest.cache_clear()


def changed(folder: Path, file: str, old: str, new: str, asked: str = "top.py") -> bool:
    forget()
    before = job_digest(folder / asked, {})
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    forget()
    return job_digest(folder / asked, {}) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# one", "# two, longer"),
        ('"""Doc."""', '"""Other."""'),
        ('"""Top."""', '"""X.\n\nY."""'),
        ("\n\n\n", "\n\n"),
        ("so many", "as many as"),
        ("no, ", "by no means, "),
        ("-> Kind", "-> int"),
        ("a: Kind", "a: int"),
        ("How many.", "Number."),
    ],
)
def test_prose_and_layout_do_not_count(folder: Path, old: str, new: str) -> None:
    assert not changed(folder, "top.py", old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("top.py", "g(1)", "g(2)"),
        ("top.py", "ValueError", "KeyError"),
        ("top.py", "Kind = 1", "Kind = 2"),
        ("deep/__init__.py", '"""Deep."""', "x = 1"),
        ("deep/middle.py", "+ x", "- x"),
        ("deep/bottom.py", "return value", "return -value"),
        ("lazy.py", "3", "5"),
    ],
)
def test_code_of_whatever_is_imported_counts(folder: Path, file: str, old: str, new: str) -> None:
    assert changed(folder, file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("other.py", "4", "5"), ("words.py", "'a'", "'b'"), ("kinds.py", "pass", "x = 1")],
)
def test_what_no_code_uses_does_not_count(folder: Path, file: str, old: str, new: str) -> None:
    """A module that is not imported, or for messages and annotations only."""
    assert not changed(folder, file, old, new)
    assert changed(folder, file, new, old, asked=file)


def test_where_the_code_lies_does_not_count_and_its_name_does(folder: Path, tmp_path: Path) -> None:
    forget()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "lazy.py").write_text(FILES["lazy.py"])
    assert job_digest(folder / "lazy.py", {}) == job_digest(moved / "lazy.py", {})
    (moved / "lazy.py").rename(moved / "moved.py")
    assert job_digest(folder / "lazy.py", {}) != job_digest(moved / "moved.py", {})


def test_files_that_import_each_other_end(folder: Path) -> None:
    (folder / "lazy.py").write_text("import top\nvalue = top.f\n")
    forget()
    assert job_digest(folder / "lazy.py", {}) and job_digest(folder / "top.py", {})


def named(params: dict[str, Any]) -> set[Path]:
    return set(digest._things(params))


def test_registered_things_that_params_name_are_found_at_any_depth() -> None:
    assert named({"seed": 3, "methods": ["grad_cam"], "label": "saliency"}) == set()
    assert named({"method": {"method": "grad_cam", "parameters": {}}}) == {methods.file("grad_cam")}
    many = {"all": {m: {"method": m, "parameters": {}} for m in ("rise", "occlusion")}}
    assert named(many) == {methods.file("rise"), methods.file("occlusion")}
    metric = {"metric": "deletion", "parameters": {"hidden": "zero", "steps": 3}}
    assert named({"metric": metric}) == {REGISTRIES["metrics"].file("deletion"), replacements.file("zero")}
    assert named({"network": "resnet18", "method": None}) == set()


def test_the_method_that_params_name_is_reached_and_no_other() -> None:
    script = PACKAGE.parent / "attribution/attribute.py"

    def files(method: str) -> set[Path]:
        params = {"method": {"method": method, "parameters": {}}}
        return reached([script.resolve(), *named(params)])

    assert PACKAGE / "attribution/rise.py" in files("rise") - files("saliency")
    assert PACKAGE / "attribution/run.py" in files("rise") & files("saliency")
    assert PACKAGE / "attribution/cam.py" not in files("lrp_epsilon")


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Path]:
    """A plugin with a replacement, and a module beside it."""
    file = tmp_path / "mine.py"
    file.write_text(
        '"""Mine."""\nfrom signsight.core.registry import replacements\nimport helper\n\n\n'
        '@replacements.register("pink", random=False, source="me")\ndef pink(image, rng):\n'
        '    """Pink."""\n    return helper.colour(image)\n'
    )
    (tmp_path / "helper.py").write_text("def colour(image):\n    return image * 0\n")
    use_plugins([file])
    yield file
    use_plugins([])


def test_a_plugin_and_what_lies_beside_it_count(plugin: Path) -> None:
    params = {"metric": {"metric": "deletion", "parameters": {"hidden": "pink"}}}
    script = PACKAGE.parent / "evaluation/evaluate.py"

    def now() -> str:
        forget()
        return job_digest(script, params)

    before = now()
    plugin.write_text(plugin.read_text().replace('source="me"', 'source="you"').replace("Pink.", "Rosy."))
    assert now() == before
    beside = plugin.with_name("helper.py")
    beside.write_text(beside.read_text().replace("* 0", "* 1"))
    after = now()
    assert after != before
    plugin.write_text(plugin.read_text().replace("colour(image)", "colour(-image)"))
    assert now() not in (before, after)
