"""Where a run reads and writes: places of the user that it might delete or overwrite are refused."""

from __future__ import annotations

from pathlib import Path

from signsight.config.choices import Config
from signsight.core.errors import UserError
from signsight.data.listing import named_in
from signsight.data.source import is_address, local_folder, reads_folder

PICTURE_KEYS = ("data.masks", "stickers.stock", "gallery.source", "real_examples.source", "features.source")
MADE = ("logs", "benchmarks")  # folders that every run makes first


def refuse_mixed_places(config: Config, given: dict[str, str | None], made: Path) -> None:
    """UserError where results lie among what the user gives, or the other way round.

    given: config key -> file, folder or address; made: the folder of the experiment.
    """
    for key, place in given.items():
        if place and not is_address(place):
            _refuse_among_results(key, place, made)
    _refuse_results_among_pictures(config, given, made)
    _refuse_foreign_results(made)


def _refuse_among_results(key: str, place: str, made: Path) -> None:
    """What the user gives, and what a table of it names, must not be where rules delete and overwrite."""
    path = local_folder(place)
    named = []
    if key != "data.source" and path.suffix.lower() == ".csv" and path.is_file():
        named = [path.parent / name for name in named_in(path)]
    folders = [made, *_links(made)]
    for one in (path, *named):
        if any(_within(one, folder) for folder in folders):
            what = "which" if one == path else f"which names {one}, which"
            raise UserError(
                f"Config key {key!r} is {place!r}, {what} lies in {made}, where this run writes its "
                "results (and "
                "may delete what is there); move it, or take another 'experiment'."
            )


def _links(made: Path) -> list[Path]:
    """Links among the results to folders elsewhere, as those of users who keep them on another disk."""
    return [path for pattern in ("*", "*/*") for path in made.glob(pattern) if path.is_symlink()]


def _refuse_results_among_pictures(config: Config, given: dict[str, str | None], made: Path) -> None:
    """Results in a folder of pictures would be taken for pictures, and seen as a change of them."""
    read = [key for key in (*PICTURE_KEYS, "detection.pictures") if given[key]]
    if reads_folder(config["data"]["name"], config["data"]["source"]):
        read.append("data.source")
    for key in read:
        folder = local_folder(str(given[key]))
        for own, place in (("results", made), ("cache", Path(config["cache"]))):
            if folder.is_dir() and _within(place, folder):
                raise UserError(
                    f"Config key {own!r}: {place} lies in {folder}, of which {key!r} reads the "
                    "pictures; name "
                    "a folder outside, or put the pictures into a folder of their own."
                )


def _refuse_foreign_results(made: Path) -> None:
    """A folder that no run has made is not written to: its files may have the names of results."""
    if not made.is_dir() or any((made / name).is_dir() for name in MADE):
        return
    found = [path for path in sorted(made.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    if found:
        raise UserError(
            f"Config key 'experiment': {made} has files that no run has made "
            f"({found[0].relative_to(made)}, ...) "
            "and that this run might overwrite; move them, or take another name."
        )


def _within(path: Path, folder: Path) -> bool:
    folder, path = folder.resolve(), path.resolve()
    return path == folder or folder in path.parents
