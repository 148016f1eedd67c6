"""Moves a project through its lifecycle: each command is one or a few atomic pushes, prepared and judged beforehand."""
