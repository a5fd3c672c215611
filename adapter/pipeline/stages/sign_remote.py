"""Sign with a key that answers later: the holder confirms each request on a phone, perhaps tomorrow.

The provider's transaction id is kept with the revision in state ``signing`` before anything waits,
together with the moment the document was written for: the same moment gives the same bytes to
sign, so a value fetched after a restart, or by another worker, still fits. A crash between the
provider's answer and that commit asks its holder once more; it never signs two contents.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapter.errors import BhytError, CertificateError, LeaseLost, Terminal
from adapter.gateway.services import service_for
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.workbench import Signed, SignJob, drafted, proved
from adapter.signing.checks import require_usable
from adapter.signing.keys import AsynchronousKey
from adapter.store import Claimed

Finish = Callable[[Context, Claimed, Signed | BhytError, StageResult], None]

AFTER_REFUSAL = timedelta(minutes=15)
"""Before a request that its holder or the provider refused is asked again: a phone must not ring all night."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request under way: the provider's id, and the moment the document was written for."""

    transaction: str
    at: datetime

    def text(self) -> str:
        """As the store keeps it."""
        return json.dumps({"transaction": self.transaction, "at": self.at.isoformat()})

    @classmethod
    def of(cls, text: str | None) -> Ticket | None:
        """The ticket a revision carries, if any."""
        if text is None:
            return None
        kept = json.loads(text)
        return cls(kept["transaction"], datetime.fromisoformat(kept["at"]))


def sign_remotely(ctx: Context, key: AsynchronousKey, one: Claimed, finish: Finish, result: StageResult) -> None:
    """One step for one revision: ask for its signature, or for the outcome of what was asked earlier.

    Raises CertificateError or a Transient error where going on with other revisions would be vain;
    the caller gives them back.
    """
    now = ctx.clock()
    ticket = Ticket.of(one.ticket)
    if ticket is not None and now - ticket.at > key.patience:
        ticket = None
        result.count("asked_anew")
    job = SignJob(one.body, ticket.at if ticket else now, service_for(one.purpose, one.standard).profile or 1)
    require_usable(key.certificate, ctx.facility.certificate, now)
    try:
        place, unsigned = drafted(job, key.certificate)
    except Terminal as error:
        finish(ctx, one, error, result)
        return
    if ticket is None:
        started = key.start(unsigned.to_sign)
        value = started.value
        ticket = Ticket(started.transaction, job.at) if started.transaction else None
    else:
        try:
            value = key.result(ticket.transaction, unsigned.to_sign)
        except CertificateError as error:
            result.failures.append(error)
            _wait(ctx, one, None, now + AFTER_REFUSAL, result)
            return
    if value is None:
        _wait(ctx, one, ticket, now + key.poll, result)
        return
    document = place.fill(unsigned.with_value(value))
    finish(ctx, one, proved(document, key.certificate, ctx.trust, job), result)


def _wait(ctx: Context, one: Claimed, ticket: Ticket | None, ask_at: datetime, result: StageResult) -> None:
    try:
        ctx.store.outbox.keep_ticket(one, ticket.text() if ticket else None, ask_at=ask_at)
    except LeaseLost:
        result.count("gave_way")
        return
    result.count("waiting_for_confirmation" if ticket else "confirmation_refused")
