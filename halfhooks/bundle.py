"""A module and all that it imports, from one file: to find and prepare forty modules takes longer than what is in them.

The installer writes such files into the package. Where there is none, as in a checkout, or where it is for another Python,
modules are found as ever.
"""

from __future__ import annotations

import sys
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads

PACKAGE = __file__.rpartition("/")[0]


def load(name: str) -> None:
    """Load a module of ours with those that it imports; nothing where there is no bundle for it.

    A bundle begins with what a .pyc begins with, the mark of the Python that it is for. Then come the modules, marshalled:
    name, whether it is a package, and code of each, in an order in which every one stands after those that it imports.
    """
    if f"halfhooks.{name}" in sys.modules:
        return
    try:
        with open(f"{PACKAGE}/{name}.bundle", "rb") as file:
            content = file.read()
    except OSError:
        return
    if not content.startswith(MAGIC_NUMBER):
        return
    modules = [(type(sys)(name), is_package, code) for name, is_package, code in loads(content[len(MAGIC_NUMBER) :])]
    sys.modules.update((module.__name__, module) for module, _, _ in modules)
    for module, is_package, code in modules:
        parent, _, child = module.__name__.rpartition(".")
        setattr(sys.modules[parent], child, module)
        if is_package:
            module.__path__ = [f"{PACKAGE}/{child}"]
        exec(code, module.__dict__)
