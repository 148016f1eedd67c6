"""The start of halfhooks.pyz: as a hook it judges a push, otherwise it installs.

It stands on the path of every push through the single file: what the hook does not need is imported where it is used.
"""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# never the PATH, which over a file path or with a shell account is the pusher's
GITS = (
    "/usr/bin/git",
    "/usr/local/bin/git",
    "/bin/git",
    "/opt/homebrew/bin/git",
    "/opt/gitlab/embedded/bin/git",
)
USAGE = """\
usage: halfhooks.pyz install [OPTIONS] REPO.git    guard a repository (install --help: all options)
       halfhooks.pyz --version
       without arguments, run by git as a pre-receive hook or by one: judge the push on standard input
"""


def main() -> int:
    arguments = sys.argv[1:]
    if not arguments and (sys.argv[0].rpartition("/")[2] == "pre-receive" or "GIT_DIR" in os.environ):
        judge()
    if arguments[:1] == ["install"]:
        return run_installer(arguments[1:])
    if arguments == ["--version"]:
        import halfhooks

        print(f"halfhooks {halfhooks.__version__}")
        return 0
    asked = arguments in (["--help"], ["-h"])
    (sys.stdout if asked else sys.stderr).write(USAGE)
    return 0 if asked else 2


def judge() -> "NoReturn":
    for git in GITS:
        if os.access(git, os.X_OK):
            gc.disable()  # as in hooks/pre-receive
            from halfhooks.entry import pre_receive

            pre_receive(git)
    os.write(2, f"halfhooks: no git at {', '.join(GITS)}; nothing was pushed\n".encode())
    os._exit(1)


def run_installer(arguments: "list[str]") -> int:
    """Unpacks this archive into a scratch folder and runs the installer there, as from a checkout."""
    import tempfile
    import zipfile

    with tempfile.TemporaryDirectory(prefix="halfhooks-") as scratch:
        with zipfile.ZipFile(sys.path[0]) as archive:
            archive.extractall(scratch)
        sys.path[0] = scratch
        from install.server import main

        return main(arguments)


if __name__ == "__main__":
    sys.exit(main())
