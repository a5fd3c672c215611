"""The processor's work: rules, writing and signing. Gets rows, returns bytes, never opens the store.

:class:`InlineBench` works in the caller's thread. An engine may put one into each process of a
spawn pool and offer the same face.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography.x509 import Certificate

from adapter.clock import VIETNAM
from adapter.dossier.model import Dossier, holds_document
from adapter.dossier.writer import write
from adapter.errors import BhytError, SignatureInvalid, Transient
from adapter.healthbook.privacy import Decision
from adapter.pipeline.needs import Plan
from adapter.pipeline.pieces import in_pieces
from adapter.pipeline.translation import Made, TranslateJob, Translator
from adapter.rules.context import CardLookup, Catalogues
from adapter.rules.context import Context as RulesContext
from adapter.rules.engine import check
from adapter.rules.facts import Past
from adapter.rules.finding import Report
from adapter.rules.package import standard_for
from adapter.rules.setup import RuleSetup, setup_of
from adapter.settings import Facility, Settings
from adapter.signing.checks import require_usable, serial_hex
from adapter.signing.keys import KeyHolder
from adapter.signing.trust import Trust
from adapter.signing.xmldsig.build import Unsigned
from adapter.signing.xmldsig.place import Place


@dataclass(frozen=True, slots=True)
class CheckJob:
    """A dossier to check. ``number``: its revision; above 1 it may replace one already sent.

    ``past``: what was sent before, gathered for this dossier; ``card``: what the register last said of its card.
    """

    body: bytes
    number: int
    at: datetime
    past: Past | None = None
    card: CardLookup | None = None


@dataclass(frozen=True, slots=True)
class SignJob:
    """A dossier to write and sign. ``at`` gives NGAYLAP and the day the certificate must be valid on.

    ``profile``: the signature its service asks for (1 or 2).
    """

    body: bytes
    at: datetime
    profile: int = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """The exact bytes that will leave, their SHA-256 and the certificate's serial, both hex."""

    document: bytes
    sha256: str
    serial: str


class WorkerLost(Transient):
    """A process died over this piece of work; it is given back and tried again later."""

    code = "WORKER-LOST"


class Bench(Protocol):
    """Results come in the order of the jobs; a job's own error takes its place in the results.

    A bench that has processes of its own is at work as soon as it is asked, and may say :class:`WorkerLost` of a job;
    ``ahead`` is true then, and it is worth asking for the next batch before the results of this one are read.
    """

    @property
    def ahead(self) -> bool:
        """Whether the work goes on while the caller does something else."""
        ...

    def translate_many(self, jobs: Sequence[TranslateJob], plan: Plan) -> Iterable[Made | BhytError]:
        """Map by ``plan``, and judge what the health book needs."""
        ...

    def check_many(self, jobs: Sequence[CheckJob]) -> Iterable[Report | BhytError]:
        """Run the rules."""
        ...

    def sign_many(self, jobs: Sequence[SignJob]) -> Iterable[Signed | BhytError]:
        """Write, sign and verify. Raises CertificateError when the key itself cannot be used."""
        ...


class InlineBench:
    """Everything in the caller's thread."""

    def __init__(
        self,
        settings: Settings,
        facility: Facility,
        *,
        key: KeyHolder | None = None,
        trust: Trust | None = None,
        rules: RuleSetup | None = None,
        catalogues: Catalogues | None = None,
        decisions: Callable[[str], Sequence[Decision]] = lambda _ma_lk: (),
    ) -> None:
        """``rules``: the facility's choices; read when a check begins where they are not given.

        ``decisions``: MA_LK → what people decided about its privacy.
        """
        self._facility = facility
        self._settings = settings
        self._rules = rules
        self._key = key
        self._trust = trust
        self._catalogues = catalogues
        self._decisions = decisions

    @property
    def ahead(self) -> bool:
        """Nothing happens before a result is read."""
        return False

    def translate_many(self, jobs: Sequence[TranslateJob], plan: Plan) -> Iterable[Made | BhytError]:
        """One result per job."""
        translator = Translator(self._settings, self._facility, plan, self._decisions)
        for piece in in_pieces(jobs):
            for one in translator.mapped(piece):
                try:
                    yield translator.made(one)
                except BhytError as error:
                    yield error

    def check_many(self, jobs: Sequence[CheckJob]) -> Iterable[Report | BhytError]:
        """One report per job."""
        rules = self._rules if self._rules is not None else setup_of(self._settings, self._facility)
        for job in jobs:
            dossier = Dossier.from_bytes(job.body)
            context = RulesContext(
                at=job.at,
                options=rules.options,
                catalogues=self._catalogues,
                history=job.past,
                facility=rules.profile,
                card=job.card,
                replacement=job.number > 1,
            )
            try:
                standard = standard_for(dossier, context)
                yield check(dossier, standard=standard, context=context, local=rules.local)
            except BhytError as error:
                yield error

    def sign_many(self, jobs: Sequence[SignJob]) -> Iterable[Signed | BhytError]:
        """Signed bytes per job, or the DocumentError or SignatureInvalid that keeps it back."""
        key = self._key
        if key is None or not jobs:
            return
        require_usable(key.certificate, self._facility.certificate, jobs[0].at)
        for piece in in_pieces(jobs):
            yield from self._signed(piece, key)

    def _signed(self, jobs: Sequence[SignJob], key: KeyHolder) -> Iterable[Signed | BhytError]:
        """Draft all, sign all, prove all. What goes wrong with the key is raised behind what was signed before it."""
        done: list[bytes | Signed | BhytError] = []
        trouble: BhytError | None = None
        for draft in [self._draft(job, key.certificate) for job in jobs]:
            if isinstance(draft, Signed | BhytError):
                done.append(draft)
                continue
            place, unsigned = draft
            try:
                done.append(place.fill(unsigned.with_value(key.sign(unsigned.to_sign))))
            except BhytError as error:
                trouble = error
                break
        for job, one in zip(jobs, done, strict=False):
            yield proved(one, key.certificate, self._trust, job) if isinstance(one, bytes) else one
        if trouble is not None:
            raise trouble

    def _draft(self, job: SignJob, certificate: Certificate) -> tuple[Place, Unsigned] | Signed | BhytError:
        came = as_it_came(job, certificate, self._trust)
        if came is not None:
            return came
        try:
            return drafted(job, certificate)
        except BhytError as error:
            return error


def as_it_came(job: SignJob, certificate: Certificate, trust: Trust | None) -> Signed | SignatureInvalid | None:
    """The file other software signed with this very certificate, unchanged; None: write and sign anew.

    A signature of ours that does not hold means that somebody changed the file after signing: nothing leaves.
    """
    from adapter.signing.verify import verify

    document = Dossier.from_bytes(job.body).document if holds_document(job.body) else None
    if document is None:
        return None
    seen = verify(document, trust=trust, at=job.at)
    if seen.certificate is None or seen.certificate.serial != serial_hex(certificate) or seen.profile != job.profile:
        return None
    if not seen.valid:
        told = "; ".join(str(problem) for problem in seen.problems)
        return SignatureInvalid(
            f"Tệp đã bị sửa sau khi ký bằng chứng thư của cơ sở: {told}",
            f"The file was changed after it was signed with the facility's certificate: {told}",
            hint_vi="xuất lại và ký lại tệp từ phần mềm gốc",
            hint_en="export and sign the file again in the software it comes from",
        )
    return Signed(document, hashlib.sha256(document).hexdigest(), serial_hex(certificate))


def drafted(job: SignJob, certificate: Certificate) -> tuple[Place, Unsigned]:
    """The written document and the bytes to sign, the same whenever the same job is given. Raises DocumentError."""
    from adapter.signing.profiles import prepare_signature

    document = write(Dossier.from_bytes(job.body), created_on=job.at.astimezone(VIETNAM).date())
    return prepare_signature(job.profile, document, certificate, at=job.at, written=True)


def proved(document: bytes, certificate: Certificate, trust: Trust | None, job: SignJob) -> Signed | SignatureInvalid:
    """The signed document as our own verifier saw it; nothing leaves that it does not believe."""
    from adapter.signing.verify import verify

    seen = verify(document, trust=trust, at=job.at)
    if seen.valid:
        return Signed(document, hashlib.sha256(document).hexdigest(), serial_hex(certificate))
    return _own_doubt(seen.problems)


def _own_doubt(problems: Iterable[object]) -> SignatureInvalid:
    told = "; ".join(str(p) for p in problems)
    return SignatureInvalid(
        f"Chữ ký vừa tạo không qua được bước tự kiểm: {told}",
        f"The signature just made does not pass our own verifier: {told}",
        hint_vi="không gửi hồ sơ này; báo lỗi kèm phiên bản chương trình",
        hint_en="this dossier is not sent; report it with the program's version",
    )
