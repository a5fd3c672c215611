"""The vault keeps what it is given, opens it only with the right key and purpose, and finds it again."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ConfigError, VaultError
from adapter.vault import Vault, plain_words

VAULT = Vault((b"k" * 32,), b"i" * 32)


@given(st.binary(max_size=5000), st.text(max_size=20))
def test_what_is_sealed_opens_to_the_same_bytes(body: bytes, purpose: str) -> None:
    assert VAULT.open_(VAULT.seal(body, purpose), purpose) == body


def test_a_large_body_is_compressed_before_it_is_encrypted() -> None:
    assert len(VAULT.seal(b"<MA_LK>" * 100_000, "x")) < 10_000


def test_equal_bodies_never_give_equal_bytes() -> None:
    assert VAULT.seal(b"same", "x") != VAULT.seal(b"same", "x")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_noticed(position: int, flip: int) -> None:
    sealed = bytearray(VAULT.seal(b"a diagnosis nobody else may read", "x"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(VaultError):
        VAULT.open_(bytes(sealed), "x")


@pytest.mark.parametrize("cut", [0, 1, 8, 9, 20, 21, 30])
def test_a_body_cut_short_is_a_clear_error(cut: int) -> None:
    with pytest.raises(VaultError):
        VAULT.open_(VAULT.seal(b"body", "x")[:cut], "x")


def test_a_body_moved_to_another_column_does_not_open() -> None:
    with pytest.raises(VaultError, match="wrong key, or the bytes are damaged"):
        VAULT.open_(VAULT.seal(b"body", "signed"), "source")


def test_a_foreign_key_is_named_and_says_what_to_do() -> None:
    with pytest.raises(VaultError) as caught:
        Vault((b"z" * 32,), b"i" * 32).open_(VAULT.seal(b"body", "x"), "x")
    assert VAULT.key_id in caught.value.message_vi
    assert "vault.key_file" in caught.value.hint_en


def test_an_older_key_still_opens_after_a_new_one_seals() -> None:
    old = VAULT.seal(b"body", "x")
    both = Vault((b"n" * 32, b"k" * 32), b"i" * 32)
    assert both.open_(old, "x") == b"body"
    with pytest.raises(VaultError):
        VAULT.open_(both.seal(b"new", "x"), "x")


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vault.key"
    first = Vault.open(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.open(path).open_(first.seal(b"body", "x"), "x") == b"body"
    assert [p.name for p in path.parent.iterdir()] == ["vault.key"]


def _key_id_of(path: str) -> str:
    return Vault.open(Path(path), create=True).key_id


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        ids = pool.map(_key_id_of, [str(tmp_path / "vault.key")] * 8)
    assert len(set(ids)) == 1


def test_an_absent_key_file_is_never_replaced_unasked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"vault\.key"):
        Vault.open(tmp_path / "vault.key", create=False)
    assert not (tmp_path / "vault.key").exists()


@pytest.mark.parametrize("damage", ["", "bhyt-vault 1\n", "key x y", "bhyt-vault 1\nkey 00 11\nindex 22\n"])
def test_a_damaged_key_file_is_a_clear_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "vault.key"
    path.write_text(damage)
    with pytest.raises(VaultError, match="damaged"):
        Vault.open(path)


def test_a_typing_error_in_a_key_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    Vault.open(path, create=True)
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:-1] + ("0" if lines[1][-1] != "0" else "1")
    path.write_text("\n".join(lines))
    with pytest.raises(VaultError, match="damaged"):
        Vault.open(path)


def test_blind_values_meet_for_equal_texts_and_stay_apart_otherwise() -> None:
    assert VAULT.blind(" gd4790000000001 ", "card") == VAULT.blind("GD4790000000001", "card")
    assert VAULT.blind("GD4790000000001", "card") != VAULT.blind("GD4790000000001", "person")
    assert VAULT.blind("A", "card") != Vault((b"k" * 32,), b"j" * 32).blind("A", "card")
    assert VAULT.blind("ế", "name") == VAULT.blind("ế", "name")


def test_names_are_found_with_and_without_marks() -> None:
    assert plain_words("  Đặng  Thị Ngọc-Ánh ") == ("dang", "thi", "ngoc", "anh")
    assert plain_words("Đặng Thị") == plain_words("dang THI")
