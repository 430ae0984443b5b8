"""Jobs' scripts in processes that are forked from one that has imported the large libraries already.

Importing torch, pandas and matplotlib takes seconds, and most jobs of the tests' tiny runs do little else.
`python` for these jobs is a client, `warm_python.py`, which hands its arguments, environment, folder and
streams to the server here and ends as the job does.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from typing import Any

# Nothing of the project itself: a job may be of a copy of it.
LIBRARIES = (
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "numpy",
    "pandas",
    "PIL.Image",
    "safetensors.torch",
    "snakemake.iocontainers",
    "snakemake.logging",
    "torch",
    "torchvision",
)
PLACE = "SIGNSIGHT_TEST_JOBS"  # variable of the environment: the server's socket
CLIENT = Path(__file__).with_name("warm_python.py")
LONGEST = 1 << 17  # bytes of a message


def place() -> str:
    """The socket of the server, which starts at the first call and ends with this process."""
    return _started()[0]


@cache
def _started() -> tuple[str, subprocess.Popen[bytes]]:
    """The socket and the server, which ends when its stdin does."""
    folder = tempfile.mkdtemp(prefix="jobs")
    atexit.register(shutil.rmtree, folder)
    path = f"{folder}/socket"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(path)
    listening.listen(16)  # who comes before the server is ready waits
    own = listening.fileno()
    server = subprocess.Popen([sys.executable, __file__, str(own)], pass_fds=[own], stdin=subprocess.PIPE)
    listening.close()
    return path, server


def use() -> None:
    """Have Snakemake in this process run scripts by the client, where its own Python would run them."""
    from snakemake.script import PythonScript

    plain = PythonScript._execute_cmd

    def execute(script: PythonScript, command: str, **given: Any) -> Any:
        if given.get("py_exec") == sys.executable:
            given["py_exec"] = f"{sys.executable} -S -E {CLIENT}"
        return plain(script, command, **given)

    PythonScript._execute_cmd = execute


def serve(descriptor: int) -> None:
    """Fork a process for every client of the socket, until stdin ends."""
    with socket.socket(fileno=descriptor) as listening:
        for name in LIBRARIES:
            importlib.import_module(name)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            client, _ = listening.accept()
            if not os.fork():
                listening.close()
                _keep(client)
            client.close()


def _keep(client: socket.socket) -> None:
    """The process between server and job: tells the client how the job ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, *_ = socket.recv_fds(client, LONGEST, 3)
    job = os.fork()
    if not job:
        client.close()
        _run(json.loads(message), streams)
    _, status = os.waitpid(job, 0)
    client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(told: dict[str, Any], streams: list[int]) -> None:
    """The job's process, as `python script` is one; it never returns."""
    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.environ.clear()
        os.environ |= told["environment"]
        os.chdir(told["folder"])
        sys.argv = told["arguments"]
        script = Path(sys.argv[0])
        sys.path[0] = str(script.parent)
        sys.path[1:1] = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
        _forget_draws()
        runpy.run_path(str(script), run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _forget_draws() -> None:
    """What is not seeded differs from job to job."""
    import numpy as np
    import torch

    random.seed()
    np.random.seed()  # noqa: NPY002 (the one that a job would have by mistake)
    torch.seed()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
