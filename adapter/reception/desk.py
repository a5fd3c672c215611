"""Look-ups for the desk: asked once, answered in plain words, with a proof that they were asked.

A question is never repeated by itself: accounts that ask too much are put on a restricted list.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Protocol

from adapter import resources
from adapter.clock import VIETNAM, Clock, system_clock
from adapter.errors import Terminal
from adapter.gateway.client import GatewayClient
from adapter.gateway.lookup import Answer, AnswerKind, Person, Staff
from adapter.pipeline.flow import AUTH, end_pauses
from adapter.reception.memory import Answers, Limit
from adapter.settings import Facility, Settings
from adapter.store.people.audit import Entry
from adapter.store.store import Store
from adapter.store.work.gates import ALL

LOOKUP = "lookup"
RESTRICTED = "limit"
LOGIN_REFUSED = "local/login-refused"
_CERTAIN = {AnswerKind.USABLE, AnswerKind.NEGATIVE, AnswerKind.WRONG_INPUT}
_NUMBER = re.compile(r"[0-9]{10}|[0-9]{12}|[A-Z]{2}[0-9A-Z]{13}")
_BIRTH = re.compile(r"(?:(?:[0-3]\d/)?[01]\d/)?\d{4}")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # read out over a telephone without 0/O and 1/I


class DeskRefused(Terminal):
    """The question is not asked. ``status``: HTTP's word for why; ``wait``: seconds until it may be."""

    code = "RECEPTION"

    def __init__(self, message_vi: str, message_en: str, *, status: int = 403, wait: float = 0, **more: Any) -> None:
        super().__init__(message_vi, message_en, **more)
        self.status = status
        self.wait = wait


class Asks(Protocol):
    """What the desk needs of a gateway's client."""

    def ask(self, service: str, person: Person, staff: Staff | None = None) -> Answer: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """Whom the desk asks about, as typed. No repr: a patient's data."""

    number: str
    name: str
    birth_date: str

    def person(self) -> Person:
        """As the gateway wants it. DeskRefused (422) when it cannot be right."""
        number = re.sub(r"[\s.-]", "", self.number).upper()
        if not _NUMBER.fullmatch(number):
            raise _unfit(
                "number",
                "Số thẻ phải có 15 ký tự, số CCCD 12 số, hoặc mã số BHXH 10 số",
                "A card number has 15 characters, a citizen number 12 digits, an insurance number 10",
            )
        name = " ".join(self.name.split())
        if not name:
            raise _unfit("name", "Thiếu họ tên", "The name is missing")
        birth = self.birth_date.strip()
        if (iso := _ISO.fullmatch(birth)) is not None:
            birth = f"{iso[3]}/{iso[2]}/{iso[1]}"
        if not _BIRTH.fullmatch(birth):
            raise _unfit(
                "birth_date",
                "Ngày sinh viết ngày/tháng/năm, tháng/năm hoặc năm",
                "Write the birth date as dd/mm/yyyy, mm/yyyy or yyyy",
            )
        return Person(number, name, birth)


class Desk:
    """Card and history look-ups of one installation. Safe for many threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock = system_clock,
        *,
        client: Callable[[Facility, Settings, Clock], Asks] = GatewayClient,
    ) -> None:
        reception, gateway = settings.reception, settings.gateway
        # Somebody stands at the desk: the sender's patience of a minute is too long here.
        quick = {
            "connect_timeout": min(gateway.connect_timeout, reception.timeout),
            "read_timeout": min(gateway.read_timeout, reception.timeout),
        }
        self._settings = settings.model_copy(update={"gateway": gateway.model_copy(update=quick)})
        self._store, self._clock, self._make = store, clock, client
        self._answers = Answers(store.vault, reception.cache_seconds)
        self._limit = Limit(reception.per_minute)
        self._clients: dict[str, Asks] = {}
        self._lock = threading.Lock()

    def ask(
        self, service: str, question: Question, *, user: str, facility: str | None = None, actor: str = ""
    ) -> dict[str, Any]:
        """Answer a question about ``card`` or ``history`` as a document for the desk.

        ``user``: the member of staff the gateway is told; ``actor``: who is signed in, for the audit log.

        Raises DeskRefused when it may not or cannot be asked, ConfigError when the installation cannot ask,
        StoreBusy when no proof could be kept; then nothing was asked.
        """
        of = self._facility(facility)
        staff = self._staff(user)
        person = question.person()
        who = "|".join((person.card, person.name, person.birth))
        key = self._store.lookups.blind("|".join((service, of.code, who)))
        with self._answers.one_at_a_time(key):
            kept = self._answers.get(key)
            found = {**kept, "cached": True} if kept is not None else None
            if found is None:
                found = self._ask(service, of, person, staff, who=who, key=key, user=user)
        # Whoever is shown an answer is written down first, also when it was kept from an earlier question.
        self._store.audit.record(
            Entry(
                f"reception.{service}",
                actor or f"user:{user}",
                facility=of.code,
                kind="lookup",
                object=found["reference"],
                about=person.card,
                outcome=found["result"]["kind"],
                detail={"cached": found["cached"]},
            )
        )
        return found

    def proof(self, reference: str) -> dict[str, Any]:
        """What is known about a look-up. DeskRefused (404) for an unknown reference."""
        row = self._store.lookups.get(reference.strip().upper())
        if row is None:
            raise no_reference()
        shown = {name: value for name, value in row.items() if name != "question"}
        kind = row["outcome"] or AnswerKind.UNAVAILABLE.value
        asked_at = row["asked_at"].astimezone(VIETNAM).isoformat()
        return {
            **shown,
            "asked_at": asked_at,
            "answered": row["outcome"] is not None,
            "advice": _words()["advice"][kind],
        }

    def is_about(self, reference: str, question: Question) -> bool:
        """Whether a proof is about this very person, who is not written in it."""
        row = self._store.lookups.get(reference.strip().upper())
        person = question.person()
        blind = self._store.lookups.blind("|".join((person.card, person.name, person.birth)))
        return row is not None and bool(row["question"] == blind)

    def close(self) -> None:
        """Give back connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    # ---- one question --------------------------------------------------------------------------

    def _ask(
        self, service: str, of: Facility, person: Person, staff: Staff, *, who: str, key: bytes, user: str
    ) -> dict[str, Any]:
        paused = self._paused(of.code)
        if not paused and (wait := self._limit.take(of.code)):
            raise DeskRefused(
                "Tra cứu quá nhiều trong một phút; đợi rồi thử lại",
                "Too many look-ups in one minute; wait and try again",
                status=429,
                wait=wait,
            )
        client = self._client(of)
        now = self._clock()
        reference = f"TC{now.astimezone(VIETNAM):%y%m%d}-{''.join(secrets.choice(_LETTERS) for _ in range(8))}"
        self._store.lookups.asked(
            reference, facility=of.code, service=service, question=self._store.lookups.blind(who), by=user, now=now
        )
        answer = paused or client.ask(service, person, staff)
        kind = "not_asked" if paused else answer.kind.value
        self._store.lookups.answered(
            reference,
            outcome=kind,
            case=answer.case,
            http_status=answer.http_status,
            milliseconds=answer.milliseconds,
        )
        if not paused:
            self._learn(of.code, answer, user)
        document = {
            "reference": reference,
            "facility": of.code,
            "service": service,
            "asked_at": now.astimezone(VIETNAM).isoformat(),
            "cached": False,
            "result": _result(kind, answer),
            **_content(service, answer),
        }
        if answer.kind in _CERTAIN:
            self._answers.keep(key, document)
        return document

    def _paused(self, facility: str) -> Answer | None:
        """Why the gateway is not asked just now: a refused login or a restricted account, also the senders' own."""
        now = self._clock()
        for service, gate_kind, kind in ((ALL, AUTH, AnswerKind.AUTH), (LOOKUP, RESTRICTED, AnswerKind.RESTRICTED)):
            gate = self._store.gates.get(facility, service, gate_kind)
            if gate is not None and gate.closed and (gate.until is None or gate.until > now):
                return Answer(
                    kind,
                    f"pause/{kind.value}",
                    meaning_vi="Tạm ngừng hỏi cổng: tài khoản bị từ chối hoặc bị hạn chế tra cứu",
                    meaning_en="the gateway is not asked for a while: account refused or restricted",
                )
        return None

    def _learn(self, facility: str, answer: Answer, user: str) -> None:
        """Repeating a refused login locks accounts, asking on while restricted keeps them restricted."""
        now, settings = self._clock(), self._settings
        if answer.case == LOGIN_REFUSED:
            # The senders use the same account: they must not try it further either.
            service, kind, pause = ALL, AUTH, settings.gateway.auth_pause
        elif answer.kind in (AnswerKind.AUTH, AnswerKind.RESTRICTED):
            service, kind, pause = LOOKUP, RESTRICTED, settings.reception.pause
        else:
            if answer.kind in _CERTAIN:
                end_pauses(self._store, facility, (ALL,), by=f"desk:{user}", clock=self._clock)
            return
        until = now + timedelta(seconds=pause)
        self._store.gates.set(
            facility, service, kind, closed=True, reason=answer.meaning_en, now=now, by=f"desk:{user}", until=until
        )

    def facility_for(self, code: str | None, sees: Callable[[str], bool]) -> str:
        """The facility a caller asks for, among those they may act for. DeskRefused (422) when it is not clear."""
        mine = [facility.code for facility in self._settings.facilities if sees(facility.code)]
        if code is None and len(mine) == 1:
            return mine[0]
        if code is None or code not in mine:
            raise _unfit("facility", f"Nêu mã cơ sở: {', '.join(mine)}", f"Name the facility: {', '.join(mine)}")
        return code

    def _facility(self, code: str | None) -> Facility:
        known = self._settings.facilities
        if code is None and len(known) == 1:
            return known[0]
        found = next((facility for facility in known if facility.code == code), None)
        if found is None:
            codes = ", ".join(facility.code for facility in known)
            raise _unfit("facility", f"Nêu mã cơ sở: {codes}", f"Name the facility: {codes}")
        return found

    def _staff(self, user: str) -> Staff:
        for one in self._settings.reception.staff:
            if one.user == user:
                return Staff(one.name, one.citizen_number)
        if (kept := self._store.people.users.staff_of(user)) is not None:
            return Staff(*kept)
        raise DeskRefused(
            "Người dùng này chưa có họ tên và số CCCD để tra cứu thẻ",
            "This user has no name and citizen number for card look-ups",
            status=403,
            hint_vi="`bhyt user staff`, hoặc reception.staff trong config.yaml, đúng như đã đăng ký với BHXH",
            hint_en="`bhyt user staff`, or reception.staff in config.yaml, as registered with BHXH",
            code="RECEPTION-STAFF",
        )

    def _client(self, of: Facility) -> Asks:
        with self._lock:
            if of.code not in self._clients:
                self._clients[of.code] = self._make(of, self._settings, self._clock)
            return self._clients[of.code]


def no_reference() -> DeskRefused:
    """There is no such proof, or none the caller may know of."""
    return DeskRefused("Không có số tham chiếu này", "There is no such reference", status=404)


def status_of_answer(document: Mapping[str, Any]) -> int:
    """HTTP's word for an answer: 200 when the register answered, 403 for the person who asks, else 503."""
    kind = document["result"]["kind"]
    if kind in {k.value for k in _CERTAIN}:
        return 200
    return 403 if kind == AnswerKind.STAFF.value else 503


def _result(kind: str, answer: Answer) -> dict[str, Any]:
    advice = _words()["advice"][kind]
    return {
        "kind": kind,
        "usable": answer.kind is AnswerKind.USABLE,
        "code": answer.code,
        "message_vi": answer.meaning_vi,
        "message_en": answer.meaning_en,
        "advice_vi": advice["vi"],
        "advice_en": advice["en"],
        "note": answer.note,
    }


def _content(service: str, answer: Answer) -> dict[str, Any]:
    if answer.kind not in (AnswerKind.USABLE, AnswerKind.NEGATIVE):
        return {}
    if service == "card":
        return {"card": _renamed(answer.document, _words()["card"])}
    return {"history": [_renamed(row, _words()["history"]) for row in answer.rows]}


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    seen = {key.casefold(): value for key, value in row.items()}
    found = {name: seen.get(theirs.casefold()) for name, theirs in names.items()}
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


@cache
def _words() -> Mapping[str, Any]:
    words: Mapping[str, Any] = resources.document("adapter.reception", "data", "words.yaml")
    return words


def _unfit(field: str, message_vi: str, message_en: str) -> DeskRefused:
    return DeskRefused(message_vi, message_en, status=422, code=f"RECEPTION-{field.upper()}")


__all__ = ["Asks", "Desk", "DeskRefused", "Question", "no_reference", "status_of_answer"]
