"""bhyt-adapter: from any hospital information system to the BHYT reception gateway.

Data flows one way; the rooms are described in docs/architecture.md.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("bhyt-adapter")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
