"""The key file: data keys and the index key, as they are or wrapped by a master key.

Two forms, text, one secret a line. ``bhyt-vault 1`` keeps the keys as they are, for a file that only the
service's user can read. ``bhyt-vault 2`` wraps each by a master key (AES key wrap, RFC 3394)::

    bhyt-vault 2
    master <hex id>                  which master key opens this file
    key <hex id> <hex 40 bytes>      the first key line seals; all of them open
    index <hex 40 bytes>

The master key comes from a file or from the environment (``BHYT_MASTER_KEY``, 64 hex digits), so that neither
the store nor its key file, nor both, are enough to read a body.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from adapter.errors import ConfigError, VaultError, Where

PLAIN, WRAPPED = "bhyt-vault 1", "bhyt-vault 2"
KEY_BYTES, WRAPPED_BYTES, ID_BYTES = 32, 40, 8
ENVIRONMENT = "BHYT_MASTER_KEY"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What a key file holds, opened. ``master``: the hex id of the master key, empty for none. No repr."""

    keys: tuple[bytes, ...]
    index: bytes
    master: str = ""

    def with_new_key(self) -> Keys:
        """A new data key seals from now on; the earlier ones still open."""
        return replace(self, keys=(secrets.token_bytes(KEY_BYTES), *self.keys))


def key_id(key: bytes) -> bytes:
    """The public name of a key: the first 8 bytes of a labelled SHA-256."""
    return hashlib.sha256(b"bhyt-vault key id\x00" + key).digest()[:ID_BYTES]


def read_master(file: Path | None) -> bytes | None:
    """The master key from its file, else from the environment, else None. ConfigError when it is no key."""
    if file is not None:
        try:
            text = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                "Không đọc được tệp khóa chủ", "The master key's file cannot be read", tried=[str(file)]
            ) from error
    else:
        text = os.environ.get(ENVIRONMENT, "").strip()
        if not text:
            return None
    if not _is_hex(text, KEY_BYTES):
        raise ConfigError(
            "Khóa chủ phải là 64 chữ số thập lục phân",
            "A master key is 64 hexadecimal digits",
            tried=[str(file) if file is not None else ENVIRONMENT],
            hint_vi="`bhyt vault master FILE` tạo một khóa mới",
            hint_en="`bhyt vault master FILE` makes a new one",
        )
    return bytes.fromhex(text)


def create_master(file: Path) -> None:
    """A new master key in a file of mode 0600. ConfigError when the file is there already."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError as error:
        raise ConfigError(f"Đã có tệp {file}", f"The file {file} exists already") from error
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(secrets.token_hex(KEY_BYTES) + "\n")
        opened.flush()
        os.fsync(opened.fileno())


def create(key_file: Path, master: bytes | None) -> None:
    """A new key file, unless another process was quicker: then theirs counts."""
    made = Keys((secrets.token_bytes(KEY_BYTES),), secrets.token_bytes(KEY_BYTES))
    key_file.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(key_file, _text(made, master))
    try:
        # A link fails when the name is taken: whoever comes second uses the first one's key.
        with suppress(FileExistsError):
            os.link(draft, key_file)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(key_file)


def write(key_file: Path, keys: Keys, master: bytes | None) -> None:
    """Put these keys in place of the file's, wrapped by ``master`` (None: as they are). All or nothing."""
    draft = _draft(key_file, _text(keys, master))
    try:
        draft.replace(key_file)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(key_file)


def read(key_file: Path, master: bytes | None) -> Keys:
    """Raises ConfigError when the file or the master key is absent, VaultError when damaged or another's."""
    try:
        text = key_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "Không đọc được tệp khóa của kho lưu", "The vault's key file cannot be read", tried=[str(key_file)]
        ) from error
    lines = text.splitlines()
    if lines and lines[0] == WRAPPED:
        return _unwrapped(lines[1:], key_file, master)
    keys, index, _ = _parsed(lines, PLAIN, KEY_BYTES, key_file)
    if any(key_id(key).hex() != name for name, key in keys):
        raise _damaged(key_file)
    return Keys(tuple(key for _, key in keys), index)


def _unwrapped(lines: list[str], key_file: Path, master: bytes | None) -> Keys:
    keys, index, name = _parsed([WRAPPED, *lines], WRAPPED, WRAPPED_BYTES, key_file)
    if master is None:
        raise ConfigError(
            "Tệp khóa của kho lưu được bọc bằng khóa chủ, nhưng không có khóa chủ",
            "The vault's key file is wrapped by a master key, and there is none",
            tried=["vault.master_key_file", ENVIRONMENT],
            hint_vi="trả khóa chủ về chỗ cũ, hoặc khôi phục từ nơi cất giữ",
            hint_en="put the master key back, or restore it from where it is kept",
        )
    if key_id(master).hex() != name:
        raise VaultError(
            f"Khóa chủ không phải của tệp khóa này: tệp cần {name}, đang có {key_id(master).hex()}",
            f"The master key is not this key file's: it asks for {name}, given is {key_id(master).hex()}",
            where=Where(str(key_file)),
        )
    try:
        opened = tuple(aes_key_unwrap(master, key) for _, key in keys)
        found = Keys(opened, aes_key_unwrap(master, index), name)
    except InvalidUnwrap as error:
        raise _damaged(key_file) from error
    if any(key_id(key).hex() != known for key, (known, _) in zip(opened, keys, strict=True)):
        raise _damaged(key_file)
    return found


def _parsed(lines: list[str], header: str, size: int, key_file: Path) -> tuple[list[tuple[str, bytes]], bytes, str]:
    keys: list[tuple[str, bytes]] = []
    index: bytes | None = None
    master = ""
    good = bool(lines) and lines[0] == header
    for line in lines[1:]:
        match line.split():
            case []:
                continue
            case ["key", name, secret] if _is_hex(name, ID_BYTES) and _is_hex(secret, size):
                keys.append((name, bytes.fromhex(secret)))
            case ["index", secret] if index is None and _is_hex(secret, size):
                index = bytes.fromhex(secret)
            case ["master", name] if header == WRAPPED and not master and _is_hex(name, ID_BYTES):
                master = name
            case _:
                good = False
    if not good or not keys or index is None or (header == WRAPPED and not master):
        raise _damaged(key_file)
    return keys, index, master


def _text(keys: Keys, master: bytes | None) -> str:
    def secret(key: bytes) -> str:
        return (key if master is None else aes_key_wrap(master, key)).hex()

    head = [PLAIN] if master is None else [WRAPPED, f"master {key_id(master).hex()}"]
    lines = [*head, *(f"key {key_id(key).hex()} {secret(key)}" for key in keys.keys), f"index {secret(keys.index)}"]
    return "\n".join(lines) + "\n"


def _draft(key_file: Path, text: str) -> Path:
    draft = key_file.with_name(f".{key_file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_folder(key_file: Path) -> None:
    folder = os.open(key_file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _damaged(key_file: Path) -> VaultError:
    return VaultError(
        "Tệp khóa của kho lưu bị hỏng",
        "The vault's key file is damaged",
        where=Where(str(key_file)),
        hint_vi="khôi phục tệp khóa từ bản sao lưu",
        hint_en="restore the key file from the backup",
    )


def _is_hex(text: str, size: int) -> bool:
    try:
        return len(bytes.fromhex(text)) == size and len(text) == 2 * size
    except ValueError:
        return False
