"""Declarations: parameters from signatures, facts from decorators, plugins; all without importing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signsight.core.errors import UserError
from signsight.core.registry import PACKAGE, REGISTRIES, methods, metrics, networks, plugins, use_plugins

HEAD = '''"""Mine."""
from collections.abc import Sequence
from typing import Annotated, Literal

import a_module_that_is_not_there
from signsight.core.parameters import RGB, Limits, Registered
from signsight.core.registry import methods, metrics

STYLE = 7
Many = Annotated[int, Limits(1, 100), "How many."]


'''
METHOD = """@methods.register("mine", label="Mine", signed=True, needs="gradient", style=STYLE)
def mine(
    task: "Task", images, targets, ids,
    many: Many = 3,
    part: Annotated[float, Limits(above=0, below=1), "Which part."] = 0.5,
    layer: Annotated[str | None, "Where."] = None,
    how: Annotated[Literal["sum", "max"], "How."] = "sum",
    colour: Annotated[RGB, "Which colour."] = (0, 0, 1),
    sizes: Annotated[Sequence[int], Limits(1, unique=True), "Sizes."] = (1, 2),
    fill: Annotated[str, Registered("replacements"), "What hides."] = "zero",
    sure: Annotated[bool, "Whether."] = True,
):
    return images
"""


@pytest.fixture(autouse=True)
def no_plugins_afterwards() -> Iterator[None]:
    yield
    use_plugins([])


def plugin(folder: Path, text: str, name: str = "mine.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_parameters_are_read_from_the_signature(tmp_path: Path) -> None:
    use_plugins([plugin(tmp_path, HEAD + METHOD)])
    assert methods.parameters("mine") == {
        "many": {"type": "integer", "minimum": 1, "maximum": 100, "default": 3, "description": "How many."},
        "part": {
            "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.5,
            "description": "Which part.",
        },
        "layer": {"type": ["string", "null"], "default": None, "description": "Where."},
        "how": {"type": "string", "enum": ["sum", "max"], "default": "sum", "description": "How."},
        "colour": {
            "type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 3,
            "maxItems": 3, "default": [0, 0, 1], "description": "Which colour.",
        },
        "sizes": {
            "type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "uniqueItems": True,
            "default": [1, 2], "description": "Sizes.",
        },
        "fill": {
            "type": "string", "registry": "replacements", "default": "zero", "description": "What hides.",
        },
        "sure": {"type": "boolean", "default": True, "description": "Whether."},
    }  # fmt: skip
    assert methods.about("mine") == {"label": "Mine", "signed": True, "needs": "gradient", "style": 7}
    assert methods.own() == ["mine"] and "mine" in methods and len(plugins()) == 1
    use_plugins([])
    assert methods.own() == [] and "mine" not in methods


def test_a_plugin_is_run_only_when_its_thing_is_used(tmp_path: Path) -> None:
    use_plugins([plugin(tmp_path, HEAD + METHOD)])
    with pytest.raises(UserError, match=r"mine\.py cannot be imported \(ModuleNotFoundError: .*not_there"):
        methods.get("mine")


def test_a_plugin_can_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_mine.py").write_text("VALUE = 5\n")
    own = '@networks.register("own_net")\ndef own(classes):\n    return VALUE\n'
    text = "from beside_mine import VALUE\nfrom signsight.core.registry import networks\n\n\n"
    use_plugins([plugin(tmp_path, text + own)])
    assert networks.get("own_net")(10) == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:\n", "is not valid Python (line 1"),
        ("x = 1\n", "registers nothing; decorate your things with one of @methods.register"),
        (METHOD.replace('"mine"', '"saliency"'), "'saliency', which gradient.py has"),
        (METHOD.replace('"mine"', '"My-Own"'), "use small letters, digits and '_'"),
        (METHOD + METHOD, "'mine', which mine.py has"),
    ],
)
def test_a_wrong_plugin_is_refused_before_any_job(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        use_plugins([plugin(tmp_path, HEAD + text if "@" in text else text)])
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("style=STYLE", "style=len(STYLE)", "'len(STYLE)' is not a constant"),
        (
            "    part: Annotated",
            "    *, x: Annotated[int, 'X.'], part: Annotated",
            "needs a meaning and a default",
        ),
        (', "Which part."]', "]", "needs a meaning and a default"),
        ("Annotated[bool,", "Annotated[complex,", "is not a constant"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in METHOD
    text = METHOD.replace(old, new)
    use_plugins([plugin(tmp_path, HEAD + text)])
    with pytest.raises(UserError, match="attribution method 'mine'") as caught:
        methods.parameters("mine")
    assert words in str(caught.value)


def test_every_declaration_of_the_package_can_be_read() -> None:
    for registry in REGISTRIES.values():
        for name in registry.names():
            registry.about(name)
            for part in registry.parameters(name).values():
                assert part["description"].endswith(".")
    assert methods.file("rise") == PACKAGE / "attribution/rise.py"


@pytest.mark.parametrize("registry", [methods, metrics], ids=lambda one: one.variable)
def test_every_count_has_a_maximum(registry: object) -> None:
    for name in registry.names():
        for key, part in registry.parameters(name).items():
            kinds = part.get("type", [])
            if "integer" in ([kinds] if isinstance(kinds, str) else kinds):
                assert "maximum" in part, (name, key)


def test_reading_declarations_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom signsight.core.registry import REGISTRIES\n"
        "[(r.about(n), r.parameters(n)) for r in REGISTRIES.values() for n in r.names()]\n"
        "print([m for m in ('numpy', 'pandas', 'torch', 'matplotlib', 'requests') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
