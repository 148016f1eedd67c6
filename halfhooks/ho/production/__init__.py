"""Production: a database moves from one release to the next, or stays exactly where it was."""
