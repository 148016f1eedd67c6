"""Runs a command in a process group of its own, all of which ends when the command does, or when whoever started it is gone.

    python _leash.py DESCRIPTOR COMMAND...

The descriptor is one end of a pair of sockets: the exit code is written to it, and nobody at its other end means that who
started us was killed. This script imports nothing of halfhooks.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading


def main(descriptor: int, command: list[str]) -> None:
    other = socket.socket(fileno=descriptor)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # for the command, which begins with the default; we wait for it
    try:
        child = os.posix_spawnp(command[0], command, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        other.sendall(b"127")
        return

    def watch() -> None:
        other.recv(1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    other.sendall(b"%d" % code)
    os.killpg(0, signal.SIGKILL)  # what it left running, and ourselves


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
