"""Signing in and being recognised, over both stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapter.access import Access, AccessRefused
from adapter.access.accounts import Accounts, By
from adapter.access.passwords import PasswordRefused, hash_password, require_good, verify_password
from adapter.access.roles import granted, permissions, roles
from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.settings import Facility, Settings, SourceSettings
from adapter.store.store import Store
from tests.support.pipeline_world import vault

PASSWORD = "bốn con trâu xanh"
BY = By("cli:tester")
START = datetime(2026, 11, 22, 8, 0, tzinfo=VIETNAM)


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class World:
    """One installation with the facilities 01999 and 01998."""

    def __init__(self, folder: Path, url: str) -> None:
        self.watch, self.url = Watch(), url
        facilities = tuple(
            Facility(
                code=code,
                account=code,
                password_file=Path("account.pass"),
                mapping="demo-his-b",
                source=SourceSettings(url="sqlite:///his.db"),
            )
            for code in ("01999", "01998")
        )
        self.settings = Settings(workdir=folder, facilities=facilities)
        self.open()

    def open(self) -> None:
        self.store = Store.open(self.url, vault(), self.watch)
        self.access = Access(self.store, self.settings.access, first_key="bhyt_first")
        self.accounts = Accounts(self.store, self.settings)

    def restart(self) -> None:
        self.store.close()
        self.open()

    def add(self, login: str = "lan", role: str = "operator", facilities: tuple[str, ...] | None = ("01999",)) -> None:
        self.accounts.add_user(login, display_name="", roles=[role], facilities=facilities, password=PASSWORD, by=BY)

    def tries(self, password: str, login: str = "lan", address: str = "10.0.0.5") -> int:
        try:
            self.access.sign_in(login, password, address=address)
        except AccessRefused as refused:
            return refused.status
        return 200


@pytest.fixture
def world(tmp_path: Path, store_url: str) -> Iterator[World]:
    made = World(tmp_path, store_url)
    yield made
    made.store.close()


def test_a_session_knows_its_user_rights_and_facilities(world: World) -> None:
    world.add()
    signed = world.access.sign_in(" LAN ", PASSWORD, address="10.0.0.5")
    caller = world.access.of_session(signed.token)
    assert caller == signed.principal
    assert (caller.name, caller.via, caller.actor) == ("lan", "session", "user:lan")
    assert caller.may("dossiers.act")
    assert not caller.may("users.manage")
    assert caller.sees("01999")
    assert not caller.sees("01998")


def test_neither_token_nor_password_lies_in_the_store(world: World) -> None:
    world.add()
    signed = world.access.sign_in("lan", PASSWORD, address="10.0.0.5")
    token, _ = world.access.make_link(world.store.people.users.get("lan"), actor="cli:tester")
    key = world.accounts.add_key("lab", permissions=["status.read"], facilities=None, days=None, by=BY)
    from sqlalchemy import text

    with world.store.database.read() as connection:
        kept = "".join(
            repr(tuple(row))
            for table in ("users", "sessions", "login_links", "api_keys", "audit", "login_failures")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )
    for secret in (signed.token, signed.principal.csrf, token, key, PASSWORD, "10.0.0.5"):
        assert secret not in kept
    assert "$argon2id$" in kept


def test_a_session_ends_when_idle_and_whatever_happens_after_its_hours(world: World) -> None:
    world.add()
    token = world.access.sign_in("lan", PASSWORD, address="a").token
    world.watch.now += timedelta(minutes=29)
    assert world.access.of_session(token)
    world.watch.now += timedelta(minutes=29)
    assert world.access.of_session(token), "used in between"
    world.watch.now += timedelta(minutes=31)
    assert world.access.of_session(token) is None

    token = world.access.sign_in("lan", PASSWORD, address="a").token
    for _ in range(12 * 60 // 20 - 1):
        world.watch.now += timedelta(minutes=20)
        assert world.access.of_session(token)
    world.watch.now += timedelta(minutes=20)
    assert world.access.of_session(token) is None


def test_signing_out_a_new_password_and_disabling_end_sessions_at_once(world: World) -> None:
    world.add()
    first, second = (world.access.sign_in("lan", PASSWORD, address="a") for _ in range(2))
    world.access.sign_out(first.token, first.principal)
    assert world.access.of_session(first.token) is None
    assert world.access.of_session(second.token)
    world.accounts.set_password("lan", PASSWORD + " mới", by=BY)
    assert world.access.of_session(second.token) is None
    third = world.access.sign_in("lan", PASSWORD + " mới", address="a")
    world.accounts.set_disabled("lan", disabled=True, by=BY)
    assert world.access.of_session(third.token) is None
    assert world.tries(PASSWORD + " mới") == 401


def test_rights_change_with_the_next_request(world: World) -> None:
    world.add()
    token = world.access.sign_in("lan", PASSWORD, address="a").token
    world.accounts.set_rights("lan", roles=["viewer"], facilities=["01998"], by=BY)
    caller = world.access.of_session(token)
    assert caller is not None
    assert not caller.may("dossiers.act")
    assert caller.facilities == {"01998"}


def test_a_link_opens_one_session_once_and_not_for_ever(world: World) -> None:
    world.add()
    user = world.store.people.users.get("lan")
    token, _ = world.access.make_link(user, actor="cli:tester")
    assert world.access.use_link(token).principal.name == "lan"
    with pytest.raises(AccessRefused):
        world.access.use_link(token)
    late, _ = world.access.make_link(user, actor="cli:tester")
    world.watch.now += timedelta(minutes=61)
    with pytest.raises(AccessRefused):
        world.access.use_link(late)


def test_wrong_passwords_wait_longer_and_longer_also_after_a_restart(world: World) -> None:
    world.add()
    assert [world.tries("sai") for _ in range(5)] == [401] * 5
    assert world.tries(PASSWORD) == 429, "the right password is not heard either"
    world.restart()
    assert world.tries(PASSWORD) == 429
    world.watch.now += timedelta(seconds=31)
    assert world.tries("sai") == 401
    world.watch.now += timedelta(seconds=31)
    assert world.tries(PASSWORD) == 429, "the wait has doubled"
    world.watch.now += timedelta(seconds=31)
    assert world.tries(PASSWORD) == 200
    assert [world.tries("sai") for _ in range(4)] == [401] * 4, "a right password clears the count"


def test_an_address_that_tries_many_names_waits_too_and_one_good_login_does_not_clear_it(world: World) -> None:
    world.add()
    for number in range(29):
        assert world.tries("sai", login=f"ai{number}") == 401
    assert world.tries(PASSWORD) == 200
    assert world.tries("sai", login="ai30") == 401
    assert world.tries("sai", login="ai31") == 429
    assert world.tries(PASSWORD, address="10.0.0.6") == 200, "another address is heard"


def test_an_unknown_name_is_refused_like_a_wrong_password(world: World) -> None:
    world.add()
    said = []
    for login in ("lan", "khong-co"):
        with pytest.raises(AccessRefused) as refused:
            world.access.sign_in(login, "sai", address="a")
        said.append(refused.value.to_dict())
    assert said[0] == said[1]


def test_keys_have_scopes_facilities_and_an_end(world: World) -> None:
    key = world.accounts.add_key("lab", permissions=["status.read"], facilities=["01998"], days=2, by=BY)
    caller = world.access.of_key(key)
    assert caller is not None
    assert (caller.permissions, caller.facilities, caller.actor) == ({"status.read"}, {"01998"}, "key:lab")
    assert world.access.of_key(key + "x") is None
    world.watch.now += timedelta(days=2)
    assert world.access.of_key(key) is None
    other = world.accounts.add_key("two", permissions=["status.read"], facilities=None, days=None, by=BY)
    world.accounts.revoke_key("two", by=BY)
    assert world.access.of_key(other) is None


def test_the_first_key_may_do_everything(world: World) -> None:
    caller = world.access.of_key("bhyt_first")
    assert caller is not None
    assert caller.permissions == set(permissions())
    assert caller.facilities is None


def test_the_last_administrator_stays(world: World) -> None:
    world.add("quan", "administrator", None)
    with pytest.raises(ConfigError):
        world.accounts.set_disabled("quan", disabled=True, by=BY)
    with pytest.raises(ConfigError):
        world.accounts.set_rights("quan", roles=["viewer"], facilities=None, by=BY)
    world.add("tri", "administrator", None)
    world.accounts.set_disabled("quan", disabled=True, by=BY)
    assert world.store.people.users.get("quan").disabled_at


def test_unknown_roles_permissions_facilities_and_taken_names_are_refused(world: World) -> None:
    with pytest.raises(ConfigError):
        world.add(role="root")
    with pytest.raises(ConfigError):
        world.add(facilities=("99999",))
    with pytest.raises(ConfigError):
        world.accounts.add_key("k", permissions=["dossiers"], facilities=None, days=None, by=BY)
    world.add()
    with pytest.raises(ConfigError):
        world.add("LAN")


def test_staff_data_for_look_ups_is_sealed_and_gone_when_disabled(world: World) -> None:
    world.add()
    world.accounts.set_staff("lan", "Nguyễn Thị Lan", "001190000001", by=BY)
    users = world.store.people.users
    assert users.staff_of("Lan") == ("Nguyễn Thị Lan", "001190000001")
    world.accounts.set_disabled("lan", disabled=True, by=BY)
    assert users.staff_of("lan") is None


@pytest.mark.parametrize(
    "password", ["ngắn quá", "aaaaaaaaaaaaaa", "lan1234567890", "password123456", "matkhau12345", "123456789012"]
)
def test_passwords_everybody_tries_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        require_good(password, login="lan", least=12)


def test_hashes_cost_an_attacker_at_least_what_owasp_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kind, version, costs = hash_password(PASSWORD).split("$")[1:4]
    assert (kind, version) == ("argon2id", "v=19")
    memory, times, _ = (int(part.split("=")[1]) for part in costs.split(","))
    assert memory >= 19 * 1024
    assert times >= 2


def test_a_password_typed_decomposed_is_the_same_password() -> None:
    import unicodedata

    assert verify_password(hash_password(PASSWORD), unicodedata.normalize("NFD", PASSWORD))
    require_good(PASSWORD, login="lan", least=12)


def test_only_those_who_work_on_dossiers_and_the_privacy_officer_unmask_patients() -> None:
    assert {name for name in roles() if "personal.reveal" in granted([name])} == {"operator", "privacy_officer"}
    assert {name for name in roles() if "book.withheld" in granted([name])} == {"privacy_officer"}
    assert granted(["no-such-role"]) == frozenset()


def test_a_principal_is_plain_data(world: World) -> None:
    world.add()
    caller = world.access.sign_in("lan", PASSWORD, address="a").principal
    assert replace(caller, facilities=None).sees("01998")
