"""Plugins and environments that go wrong, and config files that Snakemake would take or tell badly."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signsight.config.text import LARGEST, check_command_line, check_config_file
from signsight.core.errors import UserError
from signsight.core.registry import methods, use_plugins
from signsight.plugins import find_plugins
from snakemake_calls import ROOT

METHOD = '@methods.register("{name}", label="x")\ndef mine(model, images, targets):\n    return images\n'
IMPORT = "from signsight.core.registry import methods\n"


def plugin(name: str = "mine", above: str = "", encoding: str = "utf-8") -> bytes:
    return (IMPORT + above + "\n\n" + METHOD.format(name=name)).encode(encoding)


# What is told when the config is read, from the text alone.
READ: dict[str, tuple[bytes, str]] = {
    "a syntax error": (b"def x(:\n", r"things\.py is not valid Python \(line 1: .*\); correct it\."),
    "latin-1": ("# stra\xdfe\n".encode("latin-1") + plugin(), "is not valid Python"),
    "a zero byte": (b"x = 1\0\n", "is not valid Python"),
    "nothing": (b"", "registers nothing; decorate your things"),
    "no declaration": (b"x = 1\n", "registers nothing; decorate your things"),
    "a name that is taken": (plugin("saliency"), "registers the attribution method 'saliency', which"),
    "a name that is no name": (plugin("../x"), r"use small letters, digits and '_', a letter first"),
    "a declaration of nothing": (b'@methods.register("mine")\n', "is not valid Python"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "is not valid Python"),
}


@pytest.fixture(autouse=True)
def no_plugins_afterwards() -> object:
    yield
    use_plugins([])


@pytest.mark.parametrize("name", READ)
def test_a_plugin_that_is_read(name: str, tmp_path: Path) -> None:
    content, words = READ[name]
    (tmp_path / "things.py").write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        use_plugins([tmp_path / "things.py"])
    assert "\n" not in str(caught.value)


# What is told when its thing is used, since a plugin is not run before.
RUN: dict[str, tuple[str, str]] = {
    "raises": ("raise ValueError('no')", r"cannot be imported \(ValueError: no\); correct it\."),
    "ends the process": ("import sys; sys.exit(0)", r"cannot be imported \(SystemExit: 0\)"),
    "imports what is not there": ("import nowhere_at_all", r"\(ModuleNotFoundError: .*nowhere_at_all"),
    "calls itself": ("def f(): f()\nf()", r"cannot be imported \(RecursionError"),
}


@pytest.mark.parametrize("name", RUN)
def test_a_plugin_that_is_run(name: str, tmp_path: Path) -> None:
    above, words = RUN[name]
    (tmp_path / "things.py").write_bytes(plugin(above=above))
    use_plugins([tmp_path / "things.py"])
    assert "mine" in methods
    with pytest.raises(UserError, match=words):
        methods.get("mine")


def test_a_plugin_with_the_name_of_a_module(tmp_path: Path) -> None:
    """It is taken, and the module of Python is still the one that others import."""
    (tmp_path / "json.py").write_bytes(plugin())
    use_plugins([tmp_path / "json.py"])
    assert methods.get("mine")(None, 3, None) == 3
    done = subprocess.run(
        [sys.executable, "-c", "import json; print(json.dumps({}))"], capture_output=True, text=True
    )
    assert done.stdout == "{}\n"


@pytest.mark.parametrize("value", ["x.py", {"a": 1}, [3], 5, [None]])
def test_plugins_are_a_list_of_names(value: object) -> None:
    with pytest.raises(UserError, match=r"Config key 'plugins' is .*; give a list of Python files"):
        find_plugins({"plugins": value}, [])


@pytest.mark.parametrize("name", ["nowhere.py", "folder", "", "../nowhere.py"])
def test_a_plugin_that_is_no_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        UserError, match=r"Config key 'plugins' names .* which is not in .*; correct the path"
    ):
        find_plugins({"plugins": [name]}, [])


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", r"sets no key; write \{\} to take all defaults, or leave it out\."),
    "comments": (b"# nothing\n\n# here\n", "sets no key"),
    "a document of nothing": (b"---\n", "sets no key"),
    "a tab": (b"data:\n\tsize: 48\n", "is not valid YAML: line 2 is indented with a tab; use spaces"),
    "a brace that is open": (
        b"data: {size: 48\nseed: 3\n",
        "is not valid YAML: line 2, column 5: .*; correct it",
    ),
    "a quote that is open": (b"experiment: 'x\n", "is not valid YAML: line 2"),
    "a colon too many": (b"experiment: a: b\n", "is not valid YAML: line 1"),
    "indented otherwise": (b"data:\n    size: 3\n  name: x\n", "is not valid YAML: line 3"),
    "a key twice": (
        b"seed: 1\nstages: []\nseed: 2\n",
        "has the key 'seed' twice, in lines 1 and 3; remove one",
    ),
    "a key of a group twice": (
        b"data: {size: 48, size: 32}\n",
        "has the key 'data.size' twice, in lines 1 and 1",
    ),
    "a key of a deep group twice": (
        b"data:\n  rotate:\n    sd: 1\n    when: once\n    sd: 2\n",
        "has the key 'data.rotate.sd' twice, in lines 3",
    ),
    "a key of JSON twice": (b'{"seed": 3, "seed": 4}', "has the key 'seed' twice"),
    "a group twice": (b"data: {size: 48}\ndata: {name: signs}\n", "has the key 'data' twice"),
    "a list": (b"- a\n- b\n", "holds no keys with values"),
    "a list of JSON": (b"[1, 2]", "holds no keys with values"),
    "a word": (b"hello\n", "holds no keys with values"),
    "a number": (b"5", "holds no keys with values"),
    "a bomb": (BOMB.encode(), r"becomes too large by its aliases \(line 5\)"),
    "an alias of itself": (b"data: &d\n  folder: *d\n", r"the alias \*d in line 2 contains itself"),
    "an alias of nothing": (b"data: *d\n", r"the alias \*d in line 1 is not defined|undefined alias"),
    "an object of Python": (
        b"seed: !!python/object/apply:os.mkdir [canary]\n",
        "has the tag !!python/object/apply",
    ),
    "a function of Python": (
        b"seed: !!python/name:os.mkdir\n",
        "has the tag !!python/name:os.mkdir in line 1",
    ),
    "a tag of one's own": (b"seed: !mine 3\n", "has the tag !mine in line 1"),
    "code of YTE": (b"__use_yte__: true\nseed: ?3\n", "has the key '__use_yte__'"),
    "two documents": (b"seed: 1\n---\nseed: 2\n", r"holds a second document \(line 2\)"),
    "latin-1": (b"seed: 1\nexperiment: stra\xdfe\n", r"is not UTF-8 text \(line 2\); save it as UTF-8"),
    "UTF-16": ("seed: 1\n".encode("utf-16"), "is not UTF-8 text"),
    "binary": (bytes(range(256)), "is not UTF-8 text"),
    "a zero": (b"seed: 1\0\n", "is not valid YAML: line 1 has a control character"),
    "a bell": (b"seed: 1\nexperiment: a\x07\n", "is not valid YAML: line 2 has a control character"),
    "depth": (b"data: " + b"{a: " * 3000 + b"1" + b"}" * 3000, "is nested too deeply"),
    "depth of JSON": (b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is nested too deeply"),
    "a list as a key": (b"? [a, b]\n: 3\n", "has a key in line 1 that is no text"),
    "thousands of digits": (b"seed: " + b"9" * 5000 + b"\n", "a number of thousands of digits"),
    "a day that is none": (b"experiment: 2020-13-45\n", "has a value that cannot be read .*month"),
    "a megabyte": (b"# " + b"x" * LARGEST, "bytes; correct the path, a config is small"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_of_a_config(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, words = TEXTS[name]
    Path("my.yaml").write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        check_config_file("my.yaml")
    message = str(caught.value)
    assert message.startswith("The config file my.yaml") and "\n" not in message and message.endswith(".")
    assert os.listdir() == ["my.yaml"], "code of the file was run"  # noqa: PTH208


FINE = {
    "a mark of byte order": b"\xef\xbb\xbfseed: 1\n",
    "JSON with tabs": b'{\n\t"seed": 1\n}',
    "an alias": b"data: &x {size: 32}\nmodel: {parameters: {}}\n",
    "braces of nothing": b"{}",
    "lines of Windows": b"seed: 1\r\ndata:\r\n  size: 32\r\n",
    "the same key in two groups": b"gallery: {source: a}\nfeatures: {source: a}\n",
    "Unicode": "# \u00fc \U0001f6d1\nexperiment: x\n".encode(),
}


@pytest.mark.parametrize("name", FINE)
def test_a_text_that_is_right(name: str, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_bytes(FINE[name])
    check_config_file(tmp_path / "my.yaml")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is a folder; name a file"),
        (lambda path: os.mkfifo(path), "is not a regular file"),
        (lambda path: path.symlink_to(path), "cannot be read|does not exist"),
        (lambda path: path.symlink_to("nowhere"), "does not exist; correct the path"),
        (lambda path: None, "does not exist; correct the path"),
        (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    ],
    ids=["a folder", "a pipe", "a link to itself", "a link to nothing", "nothing", "a device"],
)
def test_what_is_no_file(make: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    make(tmp_path / "my.yaml")
    with pytest.raises(UserError, match=words):
        check_config_file(tmp_path / "my.yaml")


LINES: dict[str, tuple[list[str], str]] = {
    "a target after the config": (
        ["--configfile", "my.yaml", "masked"],
        "names 'masked' as a second config file, which does not exist; a target comes before: ",
    ),
    "a faulty second config": (
        ["--configfile", "my.yaml", "two.yaml"],
        "The config file two.yaml has the key",
    ),
    "a config after a sign": (["--configfile=nowhere.yaml"], "The config file nowhere.yaml does not exist"),
    "a key with a point": (
        ["--config", "data.size=3"],
        "write --config data='{size: 32}' for a key in a group",
    ),
    "a key without a value": (["-C", "seed"], "'--config seed' gives no value"),
    "a colon for a sign": (["--config", "seed: 3"], "gives no value"),
    "a key twice": (
        ["--config", "data={size: 3, size: 4}"],
        "The value of '--config data' has the key 'size' twice",
    ),
    "a brace that is open": (["--config", "data={size: 3"], "'--config data' is not valid YAML"),
    "an object of Python": (["--config", "data={a: !!python/name:os.system x}"], "has the tag !!python/name"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_command_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text("seed: 1\n")
    Path("two.yaml").write_text("seed: 1\nseed: 1\n")
    arguments, words = LINES[name]
    with pytest.raises(SystemExit) as caught:
        check_command_line(["--cores", "1", *arguments])
    assert caught.value.code == 1
    assert words in capsys.readouterr().err


def test_a_command_line_that_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text("seed: 1\n")
    for rest in ([], ["masked", "--configfile", "my.yaml"], ["--config", "seed=3", "results=a=b", "x="]):
        check_command_line(["--cores", "1", *rest])


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command that users type, as a dry run in a folder of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    command += ["--directory", str(folder), "--dry-run", *arguments]
    environment = os.environ | variables
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


def test_snakemake_ends_with_the_sentence(tmp_path: Path) -> None:
    """Before the Snakefile, and before code in the config is run."""
    (tmp_path / "my.yaml").write_text("__use_yte__: true\nseed: ?__import__('os').mkdir('canary')\n")
    done = run(tmp_path, "--configfile", "my.yaml")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "The config file my.yaml has the key '__use_yte__'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("stages: []\n")
    done = run(tmp_path, "figres", "--configfile", "my.yaml", LC_ALL="C", TZ="Nowhere/None")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "There is no target 'figres'; did you mean 'figures'?" in done.stderr + done.stdout
