"""Jobs: user faults end in one sentence and status 1, other faults keep their traceback."""

from __future__ import annotations

import errno
import logging
import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from signsight.core.errors import UserError
from signsight.core.job import job, torch_device


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, threads = logging.getLogger(), torch.get_num_threads()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = handlers, level
    torch.set_num_threads(threads)


def run(folder: Path, fault: BaseException | None) -> str:
    """The log of a job that raises `fault`."""
    with job(SimpleNamespace(rule="crop", log=[folder / "log.txt"])):
        logging.getLogger("signsight").info("begun")
        if fault:
            raise fault
    return (folder / "log.txt").read_text()


def test_a_good_job_logs_its_work_and_its_end(tmp_path: Path) -> None:
    text = run(tmp_path, None)
    assert "begun" in text and "crop done in" in text


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (UserError("Größe 5 is wrong; take 6."), "Error in rule crop: Größe 5 is wrong; take 6."),
        (OSError(errno.ENOSPC, "No space"), "Error in rule crop: No space left on the device"),
    ],
)
def test_a_fault_of_the_user_is_one_sentence(tmp_path: Path, fault: Exception, sentence: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, fault)
    assert caught.value.code == 1
    text = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert sentence in text
    assert "Traceback" not in text and len(text.splitlines()) == 2


@pytest.mark.parametrize("fault", [KeyError("x"), OSError(errno.EACCES, "denied"), ValueError("y")])
def test_a_fault_of_the_program_keeps_its_traceback(tmp_path: Path, fault: Exception) -> None:
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, fault)
    assert caught.value.code == 1
    text = (tmp_path / "log.txt").read_text()
    assert "rule crop failed" in text and "Traceback" in text


def test_the_console_stays_calm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, None)
    for fault in (UserError("Wrong."), KeyError("x"), KeyboardInterrupt()):
        with pytest.raises(SystemExit):
            run(tmp_path, fault)
    assert capfd.readouterr() == ("", "")
    assert "stopped by the user" in (tmp_path / "log.txt").read_text()


def test_what_the_log_does_not_take_is_said_on_the_console(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 10, hard))  # bytes of a file
    try:
        with pytest.raises(SystemExit), job(SimpleNamespace(rule="crop", log=[tmp_path / "log.txt"])):
            logging.getLogger("signsight").info("a" * 2000)
            (tmp_path / "b").write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    told = capfd.readouterr()
    assert "Error in rule crop: The limit on the size of a file is reached while writing a file" in told.err
    assert "Traceback" not in told.err and "Logging error" not in told.err and told.out == ""


def test_a_log_that_cannot_be_opened_goes_to_the_console(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), job(SimpleNamespace(rule="crop", log=[tmp_path / "nowhere/log.txt"])):
        raise UserError("Wrong.")
    assert "Error in rule crop: Wrong." in capfd.readouterr().err


def test_a_job_without_a_log_file_runs() -> None:
    ran = False
    with job(SimpleNamespace(rule="crop", log=[])):
        ran = True
    assert ran


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch_device("cpu", 1) == torch.device("cpu")
    assert torch.get_num_threads() == 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert torch_device("auto", 1) == torch.device("cpu")
    for name in ("cuda", "cuda:1", "mps"):
        with pytest.raises(UserError, match=f"'{name}' is not available"):
            torch_device(name, 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert torch_device("auto", 1) == torch.device("cuda")
    assert torch_device("cuda:0", 1) == torch.device("cuda:0")
    with pytest.raises(UserError, match="'cuda:1' is not available"):
        torch_device("cuda:1", 1)
