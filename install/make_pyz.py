"""Builds halfhooks.pyz: the server hook and its installer in one file, the same bytes from the same sources.

    python3 install/make_pyz.py [--first-line '/usr/bin/python3 -IS'] halfhooks.pyz

The modules are compiled for the interpreter that runs this; another one uses the sources, which are inside as well.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

if __package__:  # in the wheel this folder is the package halfhooks._install
    sys.modules.setdefault("install", sys.modules[__package__])
else:  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from install._payload import COMPILE, SERVER, read_sources
from install._programs import clean_environment

EPOCH = (1980, 1, 1, 0, 0, 0)


def parser() -> argparse.ArgumentParser:
    """The parser of the arguments."""
    parser = argparse.ArgumentParser(
        prog="install/make_pyz.py", description="Builds the single file of the server.", allow_abbrev=False
    )
    parser.add_argument("target", nargs="?", default="halfhooks.pyz", help="the file to write (default: %(default)s)")
    parser.add_argument(
        "--first-line",
        metavar="COMMAND",
        default="/usr/bin/env python3",
        help="what runs the file, for one host: '/usr/bin/python3 -IS' (default: '%(default)s')",
    )
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Writes the file, whole or not at all."""
    options = parser().parse_args(argv)
    target = Path(options.target)
    new = target.with_name(f".{target.name}.new")
    try:
        build(new, options.first_line)
        new.chmod(0o755)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)
    print(f"built {target}")
    return 0


def build(target: Path, first_line: str) -> None:
    """Writes the archive: sorted names, one time for all, nothing deflated (a zip is read faster so)."""
    files = contents()
    with target.open("wb") as file:
        file.write(f"#!{first_line}\n".encode())
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.create_system = 3  # Unix, wherever it is built
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, files[name])


def contents() -> dict[str, bytes]:
    """All files by their path: the core and the hook's start, compiled beside their source, and the installer."""
    here = Path(__file__).resolve().parent
    hooks = here.with_name(here.name.replace("install", "hooks"))
    sources = read_sources(SERVER)
    files = {**sources.files, "__main__.py": (here / "_pyz.py").read_bytes()}
    # the name of a .pyc that zipimport looks for; it takes the source when the .pyc is for another Python
    files |= {name: text for name, text in compiled(files).items() if name != "__main__.pyc"}
    files |= {f"install/{path.name}": path.read_bytes() for path in here.glob("*.py")}
    files |= {f"hooks/{path.name}": path.read_bytes() for path in (hooks / "pre-receive", hooks / "chained.py")}
    return files


def compiled(files: dict[str, bytes]) -> dict[str, bytes]:
    """The compiled form of modules, by a fresh interpreter: what is loaded in this one would show in the bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        command = [sys.executable, "-I", "-S", "-c", COMPILE, scratch]
        subprocess.run(command, check=True, env=clean_environment())
        tag = f".{sys.implementation.cache_tag}.pyc"
        return {
            str(path.parent.parent.relative_to(scratch) / path.name.replace(tag, ".pyc")): path.read_bytes()
            for path in Path(scratch).rglob(f"*{tag}")
        }


if __name__ == "__main__":
    sys.exit(main())
