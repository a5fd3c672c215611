"""What a driver's error means: the source is away, something is missing, or a value cannot be read.

Decided by SQLSTATE and vendor numbers, by words only where a driver has neither. A driver's own text
is repeated only where it can name nothing but objects (tables, columns, users); texts about values are
withheld, since they may quote a patient's row. Passwords never appear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import URL

from adapter.errors import BhytError, SourceSchemaError, SourceUnreachable, SourceValueError

# Vendor numbers (MySQL/MariaDB, SQL Server, Oracle) of "no such object" and "no such right".
_MISSING_NUMBERS = {1049, 1054, 1146, 1356, 207, 208, 4060, 904, 942, 4043, 1747, 918, 1052, 8156}
_DENIED_NUMBERS = {1044, 1045, 1142, 1143, 1227, 229, 230, 916, 18456, 18452, 1017, 1031, 28000, 28001, 1005}
# FreeTDS has one number range for "no connection" that comes with words like "does not exist".
_AWAY_NUMBERS = range(20000, 20050)
_MISSING_STATES = ("42P01", "42703", "3F000", "3D000", "42883", "42S02", "42S22", "42702")
_MISSING_WORDS = re.compile(
    r"no such (table|column)|does not exist|not found in FROM|Catalog Error|Binder Error|ambiguous column"
    r"|Invalid (column|object) name",
    re.IGNORECASE,
)

DENIED = "SOURCE-RIGHT"
"""Code of a SourceSchemaError that is about a right or a password, not about a name."""


@contextmanager
def translated(url: URL, doing: str) -> Iterator[None]:
    """Turn driver errors inside the block into this product's own, without a trace of data or password."""
    try:
        yield
    except exc.DBAPIError as error:
        raise translate(error, url, doing) from None
    except exc.NoSuchModuleError:
        raise _no_driver(url, url.drivername) from None
    except ModuleNotFoundError as error:
        raise _no_driver(url, error.name or url.drivername) from None
    except (OSError, exc.TimeoutError) as error:
        raise _unreachable(url, type(error).__name__) from None


def translate(error: exc.DBAPIError, url: URL, doing: str) -> BhytError:
    """The BhytError for one driver error; ``doing`` says which query was run (never its values)."""
    original = error.orig
    text = _first_line(original, url)
    state, number = _state(original), _number(original)
    if number in _AWAY_NUMBERS:
        return _unreachable(url, str(number))
    if (state or "").startswith("28") or state == "42501" or number in _DENIED_NUMBERS or _says_denied(text):
        return SourceSchemaError(
            f"Nguồn {place(url)} từ chối quyền đọc ({doing}): {text}",
            f"The source {place(url)} denies the right to read ({doing}): {text}",
            hint_vi="kiểm tra tài khoản, mật khẩu (password_file) và quyền SELECT trên các bảng",
            hint_en="check the account, its password_file and SELECT rights on the tables",
            code=DENIED,
        )
    if state in _MISSING_STATES or number in _MISSING_NUMBERS or _MISSING_WORDS.search(text):
        return SourceSchemaError(
            f"Nguồn {place(url)} thiếu bảng hoặc cột ({doing}): {text}",
            f"The source {place(url)} lacks a table or column ({doing}): {text}",
            hint_vi="so tên bảng, cột trong tệp ánh xạ với cơ sở dữ liệu của bệnh viện",
            hint_en="compare the names in the mapping with the hospital's database",
        )
    if isinstance(error, exc.DataError):
        return SourceValueError(
            f"Nguồn {place(url)} trả về giá trị không đọc được ({doing})",
            f"The source {place(url)} returned a value that cannot be read ({doing})",
            hint_vi="chuyển cột đó sang văn bản (CAST) trong câu truy vấn",
            hint_en="turn that column into text (CAST) in the query",
        )
    if isinstance(error, exc.ProgrammingError):
        code = state or number or type(original).__name__
        return SourceSchemaError(
            f"Nguồn {place(url)} không chạy được câu truy vấn ({doing}), mã {code}",
            f"The source {place(url)} cannot run the query ({doing}), code {code}",
            hint_vi="chạy thử câu truy vấn bằng công cụ của cơ sở dữ liệu",
            hint_en="try the query with the database's own tool",
        )
    return _unreachable(url, str(state or number or type(original).__name__))


def place(url: URL) -> str:
    """Where the source is, for a person: engine, host and database; never user, password or query."""
    host = f"{url.host}{f':{url.port}' if url.port else ''}/" if url.host else ""
    return f"{url.get_backend_name()}:{host}{url.database or ''}"


def _unreachable(url: URL, detail: str) -> SourceUnreachable:
    return SourceUnreachable(
        f"Không đọc được nguồn {place(url)} ({detail})",
        f"The source {place(url)} does not answer ({detail})",
        hint_vi="kiểm tra máy chủ, mạng và thời gian chờ; lần chạy sau sẽ đọc tiếp từ chỗ đang dừng",
        hint_en="check server, network and time-outs; the next run goes on where this one stood",
    )


def _no_driver(url: URL, name: str) -> SourceSchemaError:
    extras = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql", "mssql": "mssql", "oracle": "oracle"}
    extra = extras.get(url.get_backend_name(), "omop" if url.get_backend_name() == "duckdb" else "")
    package = f"bhyt-adapter[{extra}]" if extra else name
    return SourceSchemaError(
        f"Chưa cài trình điều khiển {name} cho nguồn",
        f"The driver {name} for this source is not installed",
        hint_vi=f"pip install '{package}'",
        hint_en=f"pip install '{package}'",
    )


def _arguments(original: Any) -> tuple[Any, ...]:
    """What the driver put into its exception; pymssql wraps it in one more tuple."""
    args: tuple[Any, ...] = getattr(original, "args", ())
    return args[0] if args and isinstance(args[0], tuple) else args


def _state(original: Any) -> str | None:
    state = getattr(original, "sqlstate", None)
    return state if isinstance(state, str) else None


def _number(original: Any) -> int | None:
    first = next(iter(_arguments(original)), None)
    if (code := getattr(first, "code", None)) and isinstance(code, int):
        return code  # oracledb hands an error object
    if isinstance(first, int):
        return first  # pymysql, pymssql
    match = re.search(r"ORA-0*(\d+)", str(original))
    return int(match[1]) if match else None


def _says_denied(text: str) -> bool:
    # psycopg raises connection failures without SQLSTATE.
    return bool(re.search(r"authentication failed|permission denied|access denied|login failed", text, re.IGNORECASE))


_CLEANERS: tuple[Callable[[str], str], ...] = (
    lambda text: re.sub(r"(?i)(password|pwd)\s*=\s*\S+", r"\1=***", text),
    lambda text: re.sub(r"://[^/\s@]*@", "://***@", text),
)


def _first_line(original: Any, url: URL) -> str:
    words = (a.decode("utf-8", "replace") if isinstance(a, bytes) else a for a in _arguments(original))
    text = next((word for word in words if isinstance(word, str) and word), str(original))
    line = next((part.strip() for part in text.splitlines() if part.strip()), type(original).__name__)
    if url.password:
        line = line.replace(str(url.password), "***")
    for clean in _CLEANERS:
        line = clean(line)
    return line[:200]
