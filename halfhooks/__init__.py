"""Git hooks that enforce a PostgreSQL release workflow.

This module imports nothing: it is on the path of every hook.
"""

__version__ = "0.1.0"
