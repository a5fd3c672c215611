"""bhyt-adapter: from any hospital information system to the BHYT reception gateway.

Data flows one way; the rooms are described in docs/architecture.md.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    """``__version__``, read from the installed package when it is asked for: most processes never do."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("bhyt-adapter")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
