"""Runs one Python file of a patch, in the project's interpreter: this script imports nothing of halfhooks.

    python _patch_file.py FILE SHOWN TOP

A file that defines `apply` is imported, and `apply(connection)` is called with a connection of psycopg2 or psycopg, whose
transaction is committed when it returns. Any other file is run as a script. The connection is that of the environment.
"""

from __future__ import annotations

import ast
import os
import sys
import threading
import time
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main(file: str, shown: str, top: str) -> int:
    with open(file, "rb") as stream:
        source = stream.read()
    sys.argv = [shown]
    sys.path[0:1] = [os.path.dirname(file), top]
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
    try:
        code = compile(source, shown, "exec", dont_inherit=True)
        tree = ast.parse(source)
        has_apply = any(isinstance(node, ast.FunctionDef) and node.name == "apply" for node in tree.body)
        names: dict[str, Any] = {
            "__name__": "patch" if has_apply else "__main__",
            "__file__": file,
            "__builtins__": __builtins__,
        }
        exec(code, names)
        if has_apply:
            connection = connect()
            names["apply"](connection)
            if os.environ.get(AT_END):
                connection.cursor().execute(os.environ[AT_END])
            connection.commit()
            connection.close()
    except SystemExit as end:
        if end.code in (None, 0):
            return 0
        sys.stderr.write(f"{MARK}\n{shown}:0: ended with exit code {end.code}\n")
        return 1
    except BaseException as error:
        show(error, shown, source.decode("utf-8", "replace").splitlines())
        return 1
    return 0


MARK = "\x01halfhooks\x01"  # python_files.py knows it too
AT_END = "HALFHOOKS_AT_END"
"""A statement that belongs to the transaction of `apply`: an upgrade records by it what has run."""


def end_with(parent: int) -> None:
    """End when whoever started us has been killed: nobody would know what we do, and begin it again beside us."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def connect() -> Any:
    try:
        import psycopg2

        return psycopg2.connect("")
    except ImportError:
        import psycopg

        return psycopg.connect("")


def show(error: BaseException, shown: str, lines: list[str]) -> None:
    """What went wrong, after a mark: the place, the message, then the lines of the traceback that are the file's own."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == shown]
    line = frames[-1].lineno if frames else getattr(error, "lineno", 0) or 0
    said = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    if isinstance(error, SyntaxError):
        said = [f"{type(error).__name__}: {error.msg}"]
    sys.stderr.write(f"{MARK}\n{shown}:{line}: {said[0]}\n")
    for frame in frames:
        number = frame.lineno or 0
        text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        sys.stderr.write(f"line {number}, in {frame.name}: {text}\n")
    for more in said[1:]:
        sys.stderr.write(more + "\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
