"""An sshd of our own, on a port of its own, with keys of its own: pushes as a shell host receives them."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.builders import run

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
"""The server, if this machine has one."""

PATIENCE = 20.0
"""Seconds after which a test gives up waiting for the server."""

CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {keys}/host
AuthorizedKeysFile {keys}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
MaxStartups 100
AcceptEnv GIT_PROTOCOL
SetEnv {environment}
"""


@contextmanager
def serve_ssh(folder: Path) -> Iterator[str]:
    """Serve the repositories in a folder to whoever runs the test; gives the URL. git finds the key by itself."""
    assert SSHD
    keys = folder / "ssh"
    keys.mkdir()
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where root's sshd insists to be locked in
    environment = "GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null"
    (keys / "config").write_text(CONFIG.format(port=port, keys=keys, environment=environment))
    server = subprocess.Popen([SSHD, "-D", "-E", str(keys / "log"), "-f", str(keys / "config")])
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        assert server.poll() is None and time.monotonic() < deadline, (keys / "log").read_text()
    options = f"-F none -i {keys}/user -p {port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    before = os.environ.get("GIT_SSH_COMMAND")
    os.environ["GIT_SSH_COMMAND"] = f"ssh -q {options}"
    try:
        yield f"ssh://{getpass.getuser()}@127.0.0.1{folder}"
    finally:
        os.environ.pop("GIT_SSH_COMMAND")
        if before is not None:
            os.environ["GIT_SSH_COMMAND"] = before
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except ConnectionRefusedError:
        return False
