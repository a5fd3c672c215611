"""The watched folder: in/ → work/ → waiting/ → done/ or refused/, each step a rename, each safe to be repeated.

A file is taken into work/ when its writer is done. Its dossiers are kept in the store before it leaves work/; after a
crash it is read again, and what was kept is told by its content. In waiting/ stands what is on its way, with the
result as it is now; the last result is written before the file is put away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapter.errors import ConfigError, DocumentError, SourceValueError, StoreBusy
from connectors.base import Followed, FollowingInbox, Inbox
from connectors.claimxml.options import ClaimXmlOptions
from connectors.claimxml.reading import Contents, Item, read_contents
from connectors.claimxml.results import document, write_result
from connectors.folders import Steady, flush, rest, watched

_PLACES = ("in", "work", "waiting", "done", "refused")
_RESULT = ".result.json"


class ClaimXmlFeed:
    """Keeps :class:`connectors.base.Feed`. One process per folder; a lock file sees to that."""

    def __init__(self, options: ClaimXmlOptions) -> None:
        self._options = options
        self._steady = Steady(options.steady)

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        """Watch until told to stop. ConfigError when another process watches the same folder."""
        if not isinstance(inbox, FollowingInbox):
            raise ConfigError(
                "Feed claimxml cần một hộp nhận biết trả lời kết quả",
                "Feed claimxml needs an inbox that tells outcomes",
            )
        folder = self._options.folder
        if folder is None:  # files come through the API only
            while not stopping():
                rest(self._options.every, stopping)
            return
        self._prepare()
        watched(folder, lambda: self.look(inbox, stopping), self._options.every, stopping)

    def look(self, inbox: FollowingInbox, stopping: Callable[[], bool] = lambda: False) -> None:
        """One round: take what is steady, hand it over, tell what became of it.

        Raises StoreBusy. Raises SourceValueError, when all others went on, for files that nothing could be done with.
        """
        self._prepare()
        failed: list[tuple[str, str]] = []
        for path in self._steady.among(self._files("in")):
            if path.suffix.lower() == ".xml":
                self._place(path, "work")
        for path in sorted(self._files("work")):
            if stopping():
                return
            with _apart(path, failed):
                self._hand_over(path, inbox)
        for result in sorted(self._files("waiting")):
            if result.name.endswith(_RESULT):
                with _apart(result, failed):
                    self._tell(result, inbox)
        if failed:
            name, why = failed[0]
            more = f" (+{len(failed) - 1})" if len(failed) > 1 else ""
            raise SourceValueError(
                f"Không xử lý được tệp {name}{more} ({why}); các tệp khác vẫn đi tiếp",
                f"Nothing can be done with the file {name}{more} ({why}); the others go on",
                hint_vi="kiểm tra quyền đọc và nội dung tệp trong work/ và waiting/; đưa lại tệp gốc vào in/ nếu cần",
                hint_en="look at rights and content of the file in work/ or waiting/; put the original into in/ again",
            )

    # ---- the steps -------------------------------------------------------------------------------

    def _hand_over(self, path: Path, inbox: Inbox) -> None:
        try:
            data = _bytes(path, self._options.max_bytes)
            contents = read_contents(data, self._options)
            sha256 = hashlib.sha256(data).hexdigest()
        except DocumentError as error:
            problem = {"code": error.code, "vi": error.text("vi"), "en": error.text("en")}
            write_result(self._folder("refused"), document(path.name, _sha256(path), [], [problem]))
            self._move(path, "refused")
            return
        inbox.put([item.encounter for item in contents.items])
        write_result(self._folder("waiting"), self._result(path.name, sha256, contents))
        self._move(path, "waiting")

    def _result(self, name: str, sha256: str, contents: Contents) -> Any:
        problems = []
        if contents.lost is not None:
            vi, en = contents.lost
            problems.append({"code": "DOCUMENT-CONTENT", "vi": vi, "en": en})
        return document(name, sha256, [_waiting(item) for item in contents.items], problems)

    def _tell(self, result: Path, inbox: FollowingInbox) -> None:
        told = json.loads(result.read_bytes())
        path = result.with_name(told["file"])
        dossiers = [_now(one, inbox.followed(one["key"])) for one in told["dossiers"]]
        now = document(told["file"], told["sha256"], dossiers, told["problems"])
        if not now["final"]:
            if now != told and path.exists():
                write_result(result.parent, now)
            return
        place = "done" if now["ok"] else "refused"
        write_result(self._folder(place), now)
        if path.exists():  # not after a crash between these steps
            self._move(path, place)
        result.with_name(f"{path.name}.result.html").unlink(missing_ok=True)
        result.unlink()
        flush(result.parent)

    # ---- places ----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        for place in _PLACES:
            self._folder(place).mkdir(parents=True, exist_ok=True)

    def _folder(self, place: str) -> Path:
        assert self._options.folder is not None  # noqa: S101 -- `run` watches nothing without one
        return self._options.folder / place

    def _files(self, place: str) -> list[Path]:
        return [p for p in self._folder(place).iterdir() if p.is_file() and not p.name.startswith(".")]

    def _place(self, path: Path, place: str) -> None:
        """Move under a name that no file has had in any later place, so that results never meet."""
        name, number = path.name, 1
        while any(
            (self._folder(p) / name).exists() or (self._folder(p) / f"{name}{_RESULT}").exists() for p in _PLACES[1:]
        ):
            number += 1
            name = f"{path.stem}~{number}{path.suffix}"
        path.rename(self._folder(place) / name)
        flush(self._folder(place))

    def _move(self, path: Path, place: str) -> None:
        path.rename(self._folder(place) / path.name)
        flush(self._folder(place))


@contextmanager
def _apart(path: Path, failed: list[tuple[str, str]]) -> Iterator[None]:
    """What breaks on one file stops no other. A store that is busy stops the round."""
    try:
        yield
    except StoreBusy:
        raise
    except Exception as error:  # noqa: BLE001 -- raised for all of them at the end of the round
        failed.append((path.name, type(error).__name__))


def _waiting(item: Item) -> dict[str, Any]:
    return {
        "key": item.encounter.key,
        "ma_lk": item.ma_lk,
        "purpose": item.purpose,
        "occasion": item.occasion,
        "state": "waiting",
        "receipt": None,
        "received_at": None,
        "findings": [],
    }


def _now(one: dict[str, Any], followed: Followed | None) -> dict[str, Any]:
    if followed is None:
        return one
    findings = [dict(finding) for finding in followed.findings]
    return {**one, "state": followed.state, "receipt": followed.receipt, "received_at": followed.received_at,
            "findings": findings}  # fmt: skip


def _bytes(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise DocumentError("Tệp lớn hơn giới hạn max_bytes", "The file is larger than max_bytes", code="DOCUMENT-SIZE")
    return data


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
