"""A whole run with own pictures, masks, photographs and stock pictures leaves them as they are."""

from __future__ import annotations

from pathlib import Path

from tiny_workflow import Workflow, write_pictures


def test_a_whole_run_changes_nothing_of_the_users(pictures: Workflow, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    files = [file for file in tmp_path.glob("*/**/*") if file.is_file()]
    given = {file.relative_to(tmp_path): file.read_bytes() for file in files}
    assert sum(file.suffix == ".png" for file in given) == 27
    folders = {pictures.folder / file.parts[0] for file in given}
    left = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert {file.relative_to(pictures.folder): file.read_bytes() for file in left} == given
