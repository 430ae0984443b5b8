"""Nothing that a user owns is deleted or overwritten: what lies where a run writes is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from case import Case, fault_of, table
from made_of import FOLDER, class_folders, png, with_keys
from rules_alone import Run, Step

LIES = (
    "lies in {made}, where this run writes its results (and may delete what is there); move it, or take "
    "another "
    "'experiment'."
)
AMONG = (
    "of which '{key}' reads the pictures; name a folder outside, or put the pictures into a folder of their "
    "own."
)
Prepare = Callable[[Path], object]


def config(name: str, prepare: Prepare, sentence: str | None, **keys: Any) -> Case:
    """A config, checked with files as they lie in the working directory; class folders are in `own`."""

    def make(folder: Path) -> Step:
        class_folders(folder / "own")
        prepare(folder)
        return Run(with_keys(FOLDER, **keys))

    return Case(name, make, sentence)


def file(name: str, data: bytes = b"mine") -> Prepare:
    """Write a file."""

    def prepare(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    return prepare


def pictures(name: str) -> Prepare:
    """Class folders of pictures, there too."""
    return lambda folder: class_folders(folder / name, first=4)


def linked(name: str, to: str) -> Prepare:
    """A link to a folder, in which there are pictures."""

    def prepare(folder: Path) -> None:
        class_folders(folder / to, first=4)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(folder / to)

    return prepare


def both(*steps: Prepare) -> Prepare:
    """One after the other."""
    return lambda folder: [step(folder) for step in steps]


MINE = {"results": "results", "experiment": "mine"}
IN_MINE = LIES.format(made="results/mine")
CASES = [
    config(
        "data in the results",
        pictures("results/mine/gallery"),
        f"'data.source' is 'results/mine/gallery', which {IN_MINE}",
        **MINE,
        data={"source": "results/mine/gallery"},
    ),
    config(
        "gallery in the results",
        pictures("results/mine/gallery"),
        f"'gallery.source' is 'results/mine/gallery', which {IN_MINE}",
        **MINE,
        gallery={"source": "results/mine/gallery"},
    ),
    config(
        "the results themselves",
        pictures("results/mine"),
        f"which {IN_MINE}",
        **MINE,
        data={"source": "results/mine"},
    ),
    config(
        "by '..'",
        pictures("results/mine/gallery"),
        f"which {IN_MINE}",
        **MINE,
        gallery={"source": "own/../results/other/../mine/gallery"},
    ),
    config(
        "by an absolute path",
        both(pictures("results/mine/gallery"), lambda folder: (folder / "here").symlink_to(folder)),
        f"which {IN_MINE}",
        **MINE,
        gallery={"source": "here/results/mine/gallery"},
    ),
    config(
        "by a link to a folder in the results",
        linked("photos", "results/mine/gallery"),
        f"which {IN_MINE}",
        **MINE,
        gallery={"source": "photos"},
    ),
    config(
        "results that are a link to the pictures",
        linked("results/mine", "photos"),
        f"'gallery.source' is 'photos', which {IN_MINE}",
        **MINE,
        gallery={"source": "photos"},
    ),
    config(
        "by a link among the results",
        both(
            pictures("photos"),
            file("results/mine/logs/a.log"),
            lambda folder: (folder / "results/mine/gallery").symlink_to(folder / "photos"),
        ),
        f"'gallery.source' is 'photos', which {IN_MINE}",
        **MINE,
        gallery={"source": "photos"},
    ),
    config(
        "as an address of the disk",
        pictures("results/mine/gallery"),
        f"'data.source' is 'results/mine/gallery', which {IN_MINE}",
        **MINE,
        data={"source": "file:results/mine/gallery"},
    ),
    config(
        "a picture in the results",
        file("results/mine/a.png", png(1)),
        f"which {IN_MINE}",
        **MINE,
        gallery={"source": "results/mine/a.png"},
    ),
    config(
        "a table that names a picture in the results",
        both(file("results/mine/a.png", png(1)), file("list.csv", b"file\nresults/mine/a.png\n")),
        f"'gallery.source' is 'list.csv', which names results/mine/a.png, which {IN_MINE}",
        **MINE,
        gallery={"source": "list.csv"},
    ),
    config(
        "masks in the results",
        pictures("results/mine/masks"),
        f"'data.masks' is 'results/mine/masks', which {IN_MINE}",
        **MINE,
        data={"masks": "results/mine/masks"},
    ),
    config(
        "stock pictures in the results",
        pictures("results/mine/stock"),
        f"'stickers.stock' is 'results/mine/stock', which {IN_MINE}",
        **MINE,
        stickers={"stock": "results/mine/stock"},
    ),
    config(
        "weights in the results",
        file("results/mine/w.pth"),
        f"'model.weights' is 'results/mine/w.pth', which {IN_MINE}",
        **MINE,
        model={"weights": "results/mine/w.pth"},
    ),
    config(
        "results in the pictures",
        lambda folder: None,
        "'results': own/made/x lies in own, " + AMONG.format(key="data.source"),
        results="own/made",
    ),
    config(
        "everything in the working directory",
        lambda folder: None,
        "'results': results/x lies in ., " + AMONG.format(key="data.source"),
        results="results",
        data={"source": "."},
    ),
    config(
        "gallery of the working directory",
        lambda folder: None,
        "'results': made/x lies in ., " + AMONG.format(key="gallery.source"),
        gallery={"source": "."},
    ),
    config(
        "cache in the pictures",
        lambda folder: None,
        "'cache': own/cache lies in own, " + AMONG.format(key="data.source"),
        cache="own/cache",
    ),
    config(
        "experiment named as a folder of the user's",
        file("project/train/model.safetensors"),
        "'experiment': project has files that no run has made (train/model.safetensors, ...) and that "
        "this run might overwrite; move them, or take another name.",
        results=".",
        experiment="project",
    ),
    config("experiment named ..", lambda folder: None, "Config key 'experiment' is '..'", experiment=".."),
    config("experiment named a/b", lambda folder: None, "Config key 'experiment' is 'a/b'", experiment="a/b"),
    config(
        "experiment of two lines",
        lambda folder: None,
        "Config key 'experiment' is 'a\\nb'",
        experiment="a\nb",
    ),
    config(
        "results that are a file",
        file("list"),
        "Config key 'results': list is not a folder; name a folder for the results.",
        results="list",
    ),
    config(
        "pictures in the results of another experiment",
        pictures("results/other/gallery"),
        None,
        **MINE,
        data={"source": "results/other/gallery"},
    ),
    config(
        "results beside the pictures, with their name as a beginning",
        pictures("results/mine-pictures"),
        None,
        **MINE,
        data={"source": "results/mine-pictures"},
    ),
    config(
        "pictures in the cache", pictures("cache/mine"), None, cache="cache", data={"source": "cache/mine"}
    ),
    config("results of an earlier run", file("results/mine/logs/a.log"), None, **MINE),
]


@table(CASES)
def test_owned(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
