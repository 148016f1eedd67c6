"""`ho` and `python -m halfhooks.ho`."""

from __future__ import annotations

import gc

SELDOM = 100_000
"""Python looks for garbage after so many new objects: among the many small values of a short command there is none."""

gc.set_threshold(SELDOM)  # before the imports, which make many objects

import sys  # noqa: E402

from halfhooks.ho import cli  # noqa: E402


def main() -> int:
    """Runs `ho` as the process that this is; its exit code."""
    code = cli.main()
    gc.freeze()  # when a process ends, Python looks through all that there is, which took more than half a start of ho
    return code


if __name__ == "__main__":
    sys.exit(main())
