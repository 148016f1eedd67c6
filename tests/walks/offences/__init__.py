"""The illegal moves: whatever state a project is in, each of these pushes must be refused, and must move nothing.

An offence names what it can be done to in a state of the project; it makes one push, which breaks the workflow there.
"""

from tests.walks.offences import names, patches, production, releases, starts
from tests.walks.offences._registry import OFFENCES, Offence

__all__ = ["OFFENCES", "Offence", "names", "patches", "production", "releases", "starts"]
