"""The vault: zstd, then AES-256-GCM; and keyed blind indexes for look-ups.

A sealed body is ``01 | key id (8) | nonce (12) | ciphertext and tag``. The first nine bytes
and the purpose are associated data, so a body moved to another column, or one sealed
under another key, never opens. Losing the key file (adapter/vault/keyfile.py) loses the
bodies: it belongs in the backup, apart from the store's.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapter.errors import ConfigError, VaultError, Where
from adapter.vault import keyfile
from adapter.vault.keyfile import ID_BYTES, KEY_BYTES, key_id
from adapter.vault.normalise import search_form

_VERSION = b"\x01"
_NONCE_BYTES = 12
_LEVEL = 1  # half the time of level 3 on our bodies, for 1 to 3 % more bytes
_BLIND_BYTES = 16  # 128 bits: no accidental meeting among billions, half the index of a full digest


@dataclass(frozen=True, slots=True)
class _Key:
    id: bytes
    cipher: AESGCM


class Vault:
    """Seals and opens bodies, and makes blind index values. Safe to share between threads."""

    def __init__(
        self,
        keys: tuple[bytes, ...],
        index_key: bytes,
        *,
        file: str = "",
        again: Callable[[], tuple[bytes, ...]] | None = None,
    ) -> None:
        """``keys``: 32-byte secrets, the first one seals. Prefer :meth:`open`.

        ``again`` reads the keys anew: asked when a body names one that was added while this process ran.
        """
        if not keys or any(len(k) != KEY_BYTES for k in (*keys, index_key)):
            raise ValueError("a vault needs keys of 32 bytes")
        self._keys = {key_id(k): _Key(key_id(k), AESGCM(k)) for k in keys}
        self._active = self._keys[key_id(keys[0])]
        self._index_key = index_key
        self._mac_keys: dict[str, bytes] = {}
        self._local = threading.local()
        self._file = file
        self._again = again

    @classmethod
    def open(cls, key_file: Path, create: bool = False, *, master_file: Path | None = None) -> Vault:
        """The vault of an installation. ``create`` makes the file (mode 0600) when it is absent.

        ``master_file``: the master key's file; without it the environment is asked (:mod:`adapter.vault.keyfile`).
        Two processes may create at once: both end up with the same file. Raises ConfigError
        when there is no file or it cannot be read, VaultError when its content is damaged.
        """
        master = keyfile.read_master(master_file)
        if not key_file.exists():
            if not create:
                raise ConfigError(
                    "Không có tệp khóa của kho lưu",
                    "The vault's key file is absent",
                    tried=[str(key_file)],
                    hint_vi="khôi phục tệp khóa từ bản sao lưu; không tạo khóa mới cho kho đã có dữ liệu",
                    hint_en="restore the key file from the backup; never make a new key for a store that holds data",
                )
            keyfile.create(key_file, master)
        found = keyfile.read(key_file, master)

        def again() -> tuple[bytes, ...]:
            return keyfile.read(key_file, keyfile.read_master(master_file)).keys

        return cls(found.keys, found.index, file=str(key_file), again=again)

    @property
    def key_id(self) -> str:
        """Hex id of the key that seals now. Not a secret."""
        return self._active.id.hex()

    @property
    def head(self) -> bytes:
        """The first bytes of every body the newest key seals."""
        return _VERSION + self._active.id

    def knows(self, key_id: str) -> bool:
        """Whether bodies sealed by the key with this hex id open here."""
        return key_id in {one.hex() for one in self._keys}

    def seal(self, body: bytes, purpose: str) -> bytes:
        """Compress and encrypt. ``purpose`` names the column and is needed to open again."""
        head = _VERSION + self._active.id
        nonce = secrets.token_bytes(_NONCE_BYTES)
        packed = self._squeezers()[0].compress(body)
        return head + nonce + self._active.cipher.encrypt(nonce, packed, head + purpose.encode("utf-8"))

    def open_(self, sealed: bytes, purpose: str) -> bytes:
        """The inverse of :meth:`seal`. Raises VaultError for a foreign key, purpose or damaged bytes."""
        sealed = bytes(sealed)
        head, rest = sealed[: 1 + ID_BYTES], sealed[1 + ID_BYTES :]
        if head[:1] != _VERSION or len(rest) <= _NONCE_BYTES:
            raise self._refuse("dữ liệu không phải do kho này ghi", "the bytes were not written by a vault", purpose)
        key = self._keys.get(head[1:]) or self._added(head[1:])
        if key is None:
            sealed_by = head[1:].hex()
            raise self._refuse(
                f"dữ liệu được mã hóa bằng khóa {sealed_by}, tệp khóa chỉ có {self._known()}",
                f"the body was sealed with key {sealed_by}, the key file holds {self._known()}",
                purpose,
            )
        try:
            packed = key.cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + purpose.encode("utf-8"))
            return self._squeezers()[1].decompress(packed)
        except (InvalidTag, zstandard.ZstdError) as error:
            raise self._refuse(
                "khóa sai hoặc dữ liệu đã hỏng", "wrong key, or the bytes are damaged", purpose
            ) from error

    def seal_text(self, text: str, purpose: str) -> bytes:
        """:meth:`seal` for text."""
        return self.seal(text.encode("utf-8"), purpose)

    def open_text(self, sealed: bytes, purpose: str) -> str:
        """:meth:`open_` for text."""
        return self.open_(sealed, purpose).decode("utf-8")

    def blind(self, text: str, purpose: str) -> bytes:
        """16 bytes that find ``text`` again without telling it: keyed HMAC-SHA-256, normalised.

        Equal texts under one purpose give equal values; purposes never meet.
        """
        message = purpose.encode("utf-8") + b"\x00" + search_form(text).encode("utf-8")
        return hmac.digest(self._index_key, message, "sha256")[:_BLIND_BYTES]

    def mac(self, message: bytes, purpose: str) -> bytes:
        """32 bytes nobody without the key file can make: HMAC-SHA-256 under a key of its own for each purpose."""
        key = self._mac_keys.get(purpose)
        if key is None:
            key = hmac.digest(self._index_key, b"\x00mac\x00" + purpose.encode("utf-8"), "sha256")
            self._mac_keys[purpose] = key
        return hmac.digest(key, message, "sha256")

    def _added(self, wanted: bytes) -> _Key | None:
        """A key that was added to the file after this process read it; it opens here, the known one goes on sealing."""
        if self._again is None:
            return None
        try:
            found = {key_id(k): _Key(key_id(k), AESGCM(k)) for k in self._again()}
        except (ConfigError, VaultError):
            return None  # told as the unknown key it is
        self._keys = {**found, **self._keys}
        return self._keys.get(wanted)

    def _squeezers(self) -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
        """This thread's own: making them anew costs more than a small body's compression, sharing them is not safe."""
        mine = getattr(self._local, "squeezers", None)
        if mine is None:
            mine = (zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True), zstandard.ZstdDecompressor())
            self._local.squeezers = mine
        return mine

    def _known(self) -> str:
        return ", ".join(k.hex() for k in self._keys)

    def _refuse(self, why_vi: str, why_en: str, purpose: str) -> VaultError:
        return VaultError(
            f"Không mở được dữ liệu mã hóa ({purpose}): {why_vi}",
            f"A sealed body ({purpose}) cannot be opened: {why_en}",
            where=Where(self._file) if self._file else None,
            hint_vi="dùng đúng tệp khóa đi cùng cơ sở dữ liệu này (vault.key_file)",
            hint_en="use the key file that belongs to this store (vault.key_file)",
        )
