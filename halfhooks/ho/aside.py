"""A call beside ours: what waits for a server, or for a program, does not keep us from going on."""

from __future__ import annotations

import threading
from typing import Callable, Generic, Optional, TypeVar

T = TypeVar("T")


class Aside(Generic[T]):
    """A call in a thread of its own, which has begun."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._results: list[T] = []
        self._errors: list[BaseException] = []
        self._done = threading.Event()  # a Thread whose join is interrupted takes itself for dead (bpo-45274)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._done.set()

    def wait(self, seconds: Optional[float] = None) -> bool:
        """Whether it has ended, at the latest after some seconds; None waits for its end."""
        return self._done.wait(seconds)

    def result(self) -> T:
        """What it returned, once it has; what it raised is raised."""
        self.wait()
        if self._errors:
            raise self._errors[0]
        return self._results[0]
