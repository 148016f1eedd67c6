"""Installers: scripts that run from a checkout, from the wheel and from the pyz, with nothing but Python and git."""
