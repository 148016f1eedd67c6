"""`ho` and `python -m halfhooks.ho`."""

from __future__ import annotations

import sys

from halfhooks.ho.cli import main

if __name__ == "__main__":
    sys.exit(main())
