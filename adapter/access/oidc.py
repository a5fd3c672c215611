"""Signing in at the hospital's own identity provider (OpenID Connect, code flow with PKCE).

The provider says who somebody is; who may do what stays here. Nobody is created by signing in: an administrator
makes the user first, the first sign-in binds that user to the provider's subject, and from then on the subject
alone counts, whatever name the provider tells later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from adapter.access.access import Access, Signed
from adapter.access.refusals import AccessRefused
from adapter.errors import ConfigError, VaultError
from adapter.later import later
from adapter.settings import OidcSettings, Settings, is_loopback, read_secret
from adapter.store.people.audit import Entry
from adapter.store.store import Store

if TYPE_CHECKING:
    import httpx
    from joserfc import errors, jwk, jwt
else:
    httpx, errors, jwk, jwt = map(later, ("httpx", "joserfc.errors", "joserfc.jwk", "joserfc.jwt"))

_PURPOSE = "oidc-state"
_MINUTES = 10
_LEEWAY = 60
_ALGORITHMS = ["RS256", "PS256", "ES256"]  # never "none", never a shared secret


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it brings back beside the answer (sealed)."""

    url: str
    ticket: str


class SignInElsewhere:
    """One provider. Its documents are fetched when first needed and again when a key is unknown."""

    def __init__(self, settings: Settings, oidc: OidcSettings, store: Store, access: Access) -> None:
        """ConfigError when the issuer is reached without TLS and is not this machine."""
        if not oidc.issuer.startswith("https://") and not is_loopback(oidc.issuer):
            raise ConfigError("access.oidc.issuer phải là https://", "access.oidc.issuer must be https://")
        self._oidc, self._store, self._access = oidc, store, access
        file = oidc.client_secret_file
        self._secret = None if file is None else read_secret(settings.path(file), "OIDC client")
        self._known: dict[str, Any] | None = None

    def begin(self) -> Begun:
        """Start a sign-in."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": self._oidc.client_id,
            "redirect_uri": self._oidc.redirect_uri,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode("ascii"),
            "code_challenge_method": "S256",
        }
        url = f"{self._provider()['authorization_endpoint']}?{urlencode(asked)}"
        kept = json.dumps([state, nonce, verifier, time.time() + _MINUTES * 60]).encode("ascii")
        return Begun(url, base64.urlsafe_b64encode(self._store.vault.seal(kept, _PURPOSE)).decode("ascii"))

    def finish(self, ticket: str, state: str, code: str) -> Signed:
        """Open a session for whom the provider vouches. AccessRefused (401) tells nothing of why."""
        try:
            kept = self._store.vault.open_(base64.urlsafe_b64decode(ticket.encode("ascii")), _PURPOSE)
            wanted, nonce, verifier, ends = json.loads(kept)
        except (VaultError, ValueError) as error:
            raise _refused() from error
        if time.time() > ends or not hmac.compare_digest(wanted.encode(), state.encode()):
            raise self._note("state")
        claims = self._claims(code, verifier, nonce)
        user = self._user(claims)
        return self._access.open_session(user, how="oidc")

    def _claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        try:
            answer = self._answer(code, verifier)
            token = jwt.decode(str(answer["id_token"]), self._keys(), algorithms=_ALGORITHMS)
            rules = jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self._oidc.issuer},
                aud={"essential": True, "value": self._oidc.client_id},
                sub={"essential": True},
                exp={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            rules.validate(token.claims)
        except (errors.JoseError, KeyError, ValueError, httpx.HTTPError) as error:
            raise self._note(type(error).__name__) from error
        claims = dict(token.claims)
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._oidc.client_id:
            raise self._note("azp")
        return claims

    def _user(self, claims: dict[str, Any]) -> Any:
        users, subject = self._store.people.users, f"{self._oidc.issuer}|{claims['sub']}"
        user = users.by_subject(subject)
        if user is None:
            login = claims.get(self._oidc.login_claim)
            user = users.find(login) if isinstance(login, str) and login else None
            if user is None or user.subject is not None:
                raise self._note("unknown")
            entry = Entry("user.bind", f"user:{user.login}", "session", kind="user", object=user.login)
            users.bind(user.id, subject, entry=entry)
        if user.disabled_at is not None:
            raise self._note("disabled")
        return user

    def _provider(self) -> dict[str, Any]:
        if self._known is None:
            found = self._fetch(self._oidc.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != self._oidc.issuer:
                raise ConfigError(
                    "Nơi đăng nhập tự xưng tên khác với access.oidc.issuer",
                    "The identity provider calls itself by another name than access.oidc.issuer",
                )
            self._known = found
        return self._known

    def _keys(self) -> jwk.KeySet:
        return jwk.KeySet.import_key_set(self._fetch(self._provider()["jwks_uri"]))  # type: ignore[arg-type]

    def _fetch(self, url: str) -> dict[str, Any]:
        answer = httpx.get(url, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _answer(self, code: str, verifier: str) -> dict[str, Any]:
        """The provider's answer to the code, asked for directly and with the client's own secret."""
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._oidc.redirect_uri,
            "client_id": self._oidc.client_id,
            "code_verifier": verifier,
        }
        auth = None if self._secret is None else (quote(self._oidc.client_id, ""), quote(self._secret, ""))
        answer = httpx.post(self._provider()["token_endpoint"], data=asked, auth=auth, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _note(self, why: str) -> AccessRefused:
        self._store.audit.record(
            Entry("session.refused", "anonymous", "session", kind="user", outcome="refused", detail={"oidc": why})
        )
        return _refused()


def _refused() -> AccessRefused:
    return AccessRefused(
        "Không đăng nhập được bằng tài khoản của đơn vị",
        "The sign-in at the identity provider did not succeed",
        status=401,
        code="ACCESS-OIDC",
        hint_vi="quản trị viên phải tạo người dùng này trước (`bhyt user add … --no-password`)",
        hint_en="an administrator makes the user first (`bhyt user add … --no-password`)",
    )
