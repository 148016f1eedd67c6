"""What is put into a repository: a compiled, self-contained copy of the core, and the hooks that start it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from install._programs import Interpreter, Refusal, clean_environment
from install._repository import FOLDER, Repository, digest, read_or_none

MARK = b"# halfhooks: "

# parts of the package that no hook needs; the last two are there in the wheel only
NOT_THE_CORE = ("ho", "_hooks", "_install")


class Kind(NamedTuple):
    """What is installed: hooks by their names, and the module of the core that they start in."""

    hooks: tuple[str, ...]
    module: str


CLIENT_HOOKS = ("pre-commit", "commit-msg", "pre-push", "pre-merge-commit", "post-merge", "post-checkout")
CLIENT = Kind(CLIENT_HOOKS, "halfhooks.client")
SERVER = Kind(("pre-receive",), "halfhooks.entry")

# unchecked: no look at the source's time at each start, and copies and archives keep what was compiled. The sources go
# with it, so that the hook still works, if slower, when the system replaces its Python.
COMPILE = """
import compileall, py_compile, sys
sys.exit(not compileall.compile_dir(sys.argv[1], quiet=1, force=True, stripdir=sys.argv[1],
                                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH))
"""
# what halfhooks/bundle.py reads: for each module named, those that are loaded with it and not with the ones before
BUNDLE = """
import marshal, sys
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
loaded, run = [], SourceFileLoader.exec_module
def exec_module(self, module):
    run(self, module)
    loaded.append(module)
SourceFileLoader.exec_module = exec_module
sys.path.insert(0, sys.argv[1])
import halfhooks, halfhooks.bundle
for name in sys.argv[2:]:
    loaded.clear()
    import_module(f"halfhooks.{name}")
    compiled = ((each, Path(each.__cached__).read_bytes()[16:]) for each in loaded)
    codes = [(each.__name__, hasattr(each, "__path__"), marshal.loads(code)) for each, code in compiled]
    Path(sys.argv[1], "halfhooks", f"{name}.bundle").write_bytes(MAGIC_NUMBER + marshal.dumps(codes))
"""
BUNDLED = ("entry", "rules")
START = "import sys; sys.path.insert(0, sys.argv[1]); import {}, halfhooks.report, halfhooks.rules, halfhooks_chained"


class Sources(NamedTuple):
    """The files of the core by their path below the folder that goes on sys.path, and the texts of the hooks."""

    files: dict[str, bytes]
    hooks: dict[str, str]
    module: str
    version: str

    def name(self, interpreter: Interpreter) -> str:
        """Of the folder of a copy: another text or another compiled form makes another name."""
        summed = "".join(f"{path} {digest(text)}\n" for path, text in sorted(self.files.items()))
        return f"{self.version}-{digest((interpreter.tag + summed).encode())[:12]}"


def read_sources(kind: Kind) -> Sources:
    """The core beside this file, and the hooks of one kind: in a checkout (and the pyz), or in the installed package."""
    here = Path(__file__).resolve().parent
    package = here.parent if here.name == "_install" else here.parent / "halfhooks"
    hooks = here.with_name(here.name.replace("install", "hooks"))
    files = {
        f"halfhooks/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*.py"))
        if path.relative_to(package).parts[0] not in NOT_THE_CORE
    }
    files["halfhooks_chained.py"] = (hooks / "chained.py").read_bytes()
    version = re.search(rb'^__version__ = "([0-9A-Za-z.+-]+)"$', files["halfhooks/__init__.py"], re.MULTILINE)
    assert version is not None, "halfhooks/__init__.py says no version"
    texts = {name: (hooks / name).read_text("utf-8") for name in kind.hooks}
    return Sources(files, texts, kind.module, version[1].decode())


def hook_text(
    sources: Sources, hook: str, repository: Repository, interpreter: Interpreter, chained: bool = False
) -> bytes:
    """The hook for one repository: the script below hooks/ with its interpreter, its copy of the core, and its git."""
    text = sources.hooks[hook]
    home = '__file__.rpartition("/hooks/")[0]'
    copy = f"lib/{sources.name(interpreter)}"
    beside = repository.hooks == repository.path / "hooks" and repository.folder == repository.path / FOLDER
    for old, new in (
        (text.splitlines()[0], interpreter.first_line),
        # where the hooks are in their usual place, the repository can be moved
        (home, f'{home} + "/{FOLDER}/{copy}"' if beside else ascii(str(repository.folder / copy))),
        ('"/usr/bin/git"', ascii(repository.git.path)),
        (sources.module, "halfhooks_chained" if chained else sources.module),
    ):
        assert text.count(old) == 1, f"hooks/{hook} should hold {old!r} once"
        text = text.replace(old, new)
    return text.encode()


def is_ours(hook: bytes) -> bool:
    """Whether the text of a hook is one that an installer of halfhooks wrote, of whatever version."""
    return hook.startswith(b"#!") and hook.partition(b"\n")[2].startswith(MARK)


def damage(folder: Path, files: dict[str, str]) -> list[str]:
    """The files of a copy that are missing or not as they were written."""
    return [name for name, written in files.items() if digest(read_or_none(folder / name) or b"") != written]


def install_copy(repository: Repository, sources: Sources, interpreter: Interpreter) -> dict[str, str]:
    """Makes a copy of the core below halfhooks/lib, and gives the digest of each of its files.

    It is compiled and tried by the interpreter that will run it before it gets its name, so a copy is whole or absent.
    """
    lib = repository.folder / "lib"
    if not lib.is_dir():
        repository.make_folder(lib)
    target = lib / sources.name(interpreter)
    with tempfile.TemporaryDirectory(dir=lib, prefix=".new-") as scratch:
        copy = Path(scratch) / "copy"
        for name, text in sources.files.items():
            path = copy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        _python(interpreter, COMPILE, copy)
        _python(interpreter, BUNDLE, copy, *BUNDLED)
        _python(interpreter, START.format(sources.module), copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(repository.folder_mode if path.is_dir() else repository.file_mode)
        written = {
            path.relative_to(copy).as_posix(): digest(path.read_bytes()) for path in copy.rglob("*") if path.is_file()
        }
        if target.exists():
            target.rename(Path(scratch) / "damaged")
        copy.rename(target)
    return written


def remove_copies(repository: Repository, keep: list[str]) -> None:
    """Removes the copies of the core that no hook can be using any more."""
    for path in other_copies(repository, keep):
        shutil.rmtree(path)


def other_copies(repository: Repository, keep: list[str]) -> list[Path]:
    """All copies but those to keep, and but those that the other installer put there."""
    lib, theirs = repository.folder / "lib", repository.copies_of_others()
    return sorted(path for path in lib.iterdir() if path.name not in (*keep, *theirs)) if lib.is_dir() else []


def _python(interpreter: Interpreter, program: str, copy: Path, *arguments: str) -> None:
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", program, str(copy), *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Refusal(
            f"the core does not start with '{interpreter.path}': {said[-1] if said else done.returncode}",
            "a hook that cannot start refuses everything",
            "name another interpreter: --python /usr/bin/python3",
        )
