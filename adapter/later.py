"""Libraries that are dear to load and rarely needed: loaded at their first use, not at the program's start.

Every role and every command pays for what its modules import. A module that needs such a library now and then writes

    if TYPE_CHECKING:
        import httpx
    else:
        httpx = later("httpx")
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

_FIRST = threading.Lock()


class _Later(ModuleType):
    """Stands for a module and hands on what is asked of it. Safe for many threads at once."""

    def __getattr__(self, name: str) -> Any:
        # One at a time: two threads that import a package from different ends wait for one another.
        with _FIRST:
            found = getattr(import_module(self.__name__), name)
        setattr(self, name, found)
        return found


def later(name: str) -> Any:
    """The module ``name``, loaded when an attribute of it is first asked for.

    Raises at that moment what importing it raises.
    """
    return _Later(name)


def faces(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package that shows names of its modules and loads a module at the first name asked for.

    ``homes``: name → module inside the package. Whoever needs a record of a room does not load the whole room.
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return found
