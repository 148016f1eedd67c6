"""Two hooks in a row: halfhooks judges first, then the hook that was here before; both must accept.

The installer copies this module beside the core as `halfhooks_chain`, and only where it was asked to chain. It is on
the path of a push: no import that is not needed.
"""

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def pre_receive(git: str) -> "NoReturn":
    """Judges the push with the core in a child, then hands the same input and environment to the other hook."""
    os.dup2(spool(0), 0)
    judge = os.fork()
    if judge == 0:
        run_core(git)
    code = exit_code(judge)
    if code:
        os._exit(code)
    os.lseek(0, 0, os.SEEK_SET)
    other = sys.argv[0] + ".chained"
    # Python ignores these two signals, and a child would inherit that
    plain = [signal.SIGPIPE, signal.SIGXFSZ]
    try:
        os._exit(exit_code(os.posix_spawn(other, [other], os.environ, setsigdef=plain)))
    except OSError as error:
        os.write(2, f"halfhooks: the chained hook '{other}' does not run: {error.strerror}\n".encode())
        os._exit(1)


def spool(source: int) -> int:
    """A file without a name that holds everything that `source` had to say, at its beginning."""
    if hasattr(os, "memfd_create"):
        copy = os.memfd_create("pushed")
    else:
        from tempfile import TemporaryFile

        with TemporaryFile() as file:
            copy = os.dup(file.fileno())
    while True:
        chunk = os.read(source, 1 << 16)
        if not chunk:
            break
        while chunk:
            chunk = chunk[os.write(copy, chunk) :]
    os.lseek(copy, 0, os.SEEK_SET)
    return copy


def run_core(git: str) -> "NoReturn":
    """Ends this process with the core's verdict; with a refusal when the core cannot even be imported."""
    try:
        from halfhooks.entry import pre_receive as judge

        judge(git)
    except BaseException as error:
        os.write(2, f"halfhooks: internal error, nothing was pushed: {error!r}\n".encode())
    os._exit(1)


def exit_code(child: int) -> int:
    """Waits for a child; a death by signal is a refusal too."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 1
