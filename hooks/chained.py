"""Two hooks in a row: halfhooks judges first, then the hook that was here before; both must accept.

The installers copy this module beside the core as `halfhooks_chained`, and a hook starts in it where there is another one
to run. It is on the path of a push and of a commit: no import that is not needed.
"""

import errno
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

WITH_INPUT = ("pre-receive", "pre-push")


def pre_receive(git: str) -> "NoReturn":
    in_a_row(git, "pre-receive")


def pre_commit(git: str) -> "NoReturn":
    in_a_row(git, "pre-commit")


def commit_msg(git: str) -> "NoReturn":
    in_a_row(git, "commit-msg")


def pre_push(git: str) -> "NoReturn":
    in_a_row(git, "pre-push")


def pre_merge_commit(git: str) -> "NoReturn":
    in_a_row(git, "pre-merge-commit")


def post_merge(git: str) -> "NoReturn":
    in_a_row(git, "post-merge")


def post_checkout(git: str) -> "NoReturn":
    in_a_row(git, "post-checkout")


def in_a_row(git: str, hook: str) -> "NoReturn":
    """Runs the core in a child, then hands the same arguments, input and environment to the other hook.

    The first that fails is the last that runs; but where nothing can be stopped any more (post-...), both run.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who interrupts a commit wants no traceback
    if hook in WITH_INPUT:
        os.dup2(spool(0), 0)
    judge = os.fork()
    if judge == 0:
        run_core(git, hook)
    code = exit_code(judge)
    if code and not hook.startswith("post-"):
        os._exit(code)
    if hook in WITH_INPUT:
        os.lseek(0, 0, os.SEEK_SET)
    os._exit(run_other(hook) or code)


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


def run_core(git: str, hook: str) -> "NoReturn":
    """Ends this process with the core's verdict; with a refusal when the core cannot even be imported."""
    try:
        if hook == "pre-receive":
            from halfhooks.entry import pre_receive as judge

            judge(git)
        else:
            from halfhooks import client

            getattr(client, hook.replace("-", "_"))(git)
    except BaseException as error:
        what = "nothing was pushed" if hook == "pre-receive" else hook
        tell(f"internal error, {what}: {error!r}")
    os._exit(1)


def run_other(hook: str) -> int:
    """The exit code of the other hook, which lies beside ours.

    Ours may have got another name: the pre-commit framework runs it as pre-commit.legacy. On a client, a hook without its
    run bit is passed over as git does it; on a server nothing may be passed over.
    """
    folder, slash, _ = sys.argv[0].rpartition("/")
    other = f"{folder}{slash}{hook}.chained"
    if hook != "pre-receive" and not os.access(other, os.X_OK):
        tell(f"the chained hook '{other}' is ignored: it is not there, or has no run bit")
        return 0
    arguments = [other, *sys.argv[1:]]
    try:
        return spawn(other, arguments)
    except OSError as error:
        reason = error
    if reason.errno == errno.ENOEXEC:  # a script without a first line, which git gives to the shell
        return spawn("/bin/sh", ["/bin/sh", *arguments])
    tell(f"the chained hook '{other}' does not run: {reason.strerror}")
    return 1


def spawn(program: str, arguments: "list[str]") -> int:
    # Python ignores these two signals, and a child would inherit that
    plain = [signal.SIGPIPE, signal.SIGXFSZ]
    return exit_code(os.posix_spawn(program, arguments, os.environ, setsigdef=plain))


def exit_code(child: int) -> int:
    """Waits for a child; a death by signal is a refusal too."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 1


def tell(what: str) -> None:
    os.write(2, f"halfhooks: {what}\n".encode("utf-8", "backslashreplace"))
