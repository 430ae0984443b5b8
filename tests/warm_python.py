"""`python` for the jobs of tests: `warm_python.py script` runs the script on the server of `warm_jobs`."""

import json
import os
import socket
import sys


def main() -> int:
    """The exit status of the script."""
    told = {"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(os.environ["SIGNSIGHT_TEST_JOBS"])
        socket.send_fds(server, [json.dumps(told).encode()], [0, 1, 2])
        status = int(server.recv(16) or 1)
    if status < 0:  # it ended by a signal, and so does this
        os.kill(os.getpid(), -status)
    return status


sys.exit(main())
