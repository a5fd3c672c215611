"""The data behind the client: services, outcome tables, and what each family puts where on the wire."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapter.gateway import AnswerKind, OutcomeKind, lookup, services
from adapter.gateway.outcome import judge_answer, table
from adapter.gateway.wire import build
from adapter.simulator.services import paths

PARTS: Mapping[str, str] = {
    "account": "79999_BV", "password_hash": "HASH", "access_token": "ACC", "id_token": "IDT", "province": "79",
    "facility": "79999", "kind": "K", "file": "RmlsZQ==", "period": "202611", "card": "CARD", "name": "NAME",
    "birth": "1980", "staff_name": "STAFF", "staff_number": "NUMBER",
}  # fmt: skip

# Naming traps across siblings, as the facts state them (api §6.5), independent of the client's own data file.
BODY = {
    "dossier-3176": {"username", "loaiHoSo", "maTinh", "maCSKCB", "fileHSBase64"},
    "catalogue-03": {"username", "loaiHs", "maTinh", "maCSKCB", "fileHsBase64"},
    "summary-01bh": {"username", "loaiHs", "maTinh", "maCSKCB", "fileHsBase64"},
    "adjustment-09bh": {"username", "password", "maCskcb", "loaiHs", "kyQT", "maTinh", "fileHsBase64"},
    "certificates": {"maCskcb", "token", "id_token", "username", "password", "loaiHs", "fileBase64Str"},
    "card": {"maThe", "hoTen", "ngaySinh", "hoTenCb", "cccdCb"},
    "history": {"maThe", "hoTen", "ngaySinh", "hoTenCb", "cccdCb"},
    "copayment": {"username", "maThe", "hoTen", "ngaySinh"},
}
JSON = {"adjustment-09bh", "card", "copayment"}
IN_QUERY = {"card", "history"}
IN_BODY = {"certificates"}


@pytest.mark.parametrize("name", BODY)
def test_each_family_names_its_fields_its_own_way(name: str) -> None:
    call = build(services()[name], PARTS)
    if name in JSON:
        import json

        fields = set(json.loads(call.content))
        assert call.content_type.startswith("application/json")
    else:
        from urllib.parse import parse_qs

        fields = set(parse_qs(call.content.decode()))
        assert call.content_type == "application/x-www-form-urlencoded"
    assert fields == BODY[name]
    assert set(call.query) == ({"token", "id_token", "username", "password"} if name in IN_QUERY else set())
    trio = {"accessToken", "tokenId", "passwordHash"}
    assert set(call.headers) == (set() if name in IN_QUERY | IN_BODY else trio)


def test_a_call_never_shows_its_credentials_when_printed() -> None:
    for one in services().values():
        text = repr(build(one, PARTS))
        assert not any(secret in text for secret in ("HASH", "ACC", "IDT", "NAME"))


def test_paths_and_kinds_agree_with_the_independent_reading_of_the_practice_gateway() -> None:
    ours = {(s.path, s.kind) for s in services().values()}
    theirs = {(r.path, r.kind) for r in paths.RECEPTIONS if r.table != "XML12"}  # entered on the portal, never sent
    theirs |= {(c.path, c.kind) for c in paths.CATALOGUES}
    theirs |= {(paths.CARD_PATH, ""), (paths.HISTORY_PATH, ""), (paths.COPAYMENT_PATH, "")}
    theirs |= {(paths.SUMMARY_PATH, "5"), (paths.ADJUSTMENT_PATH, "73"), (paths.CERTIFICATES_PATH, "39")}
    theirs |= {(paths.E_PAPERS_PATH, "60"), (paths.E_PAPERS_PATH, "61")}
    assert ours == theirs


def test_every_family_has_a_judgement_for_every_code_it_may_meet() -> None:
    for one in services().values():
        for code in ("200", "000", "401", "402", "403", "500", "999999", ""):
            if one.question:
                assert (one.family.answers, "*") in lookup._table()
            else:
                assert judge_answer(one.family.answers, 200, code).kind in OutcomeKind


def test_every_http_status_has_a_judgement() -> None:
    assert all(judge_answer("qd130", status, None).kind in OutcomeKind for status in range(200, 600))


def test_only_the_gateways_own_200_is_acceptance() -> None:
    accepted = {key for key, row in table().items() if row.kind is OutcomeKind.ACCEPTED}
    assert {code for _, code in accepted} == {"200", "true"}
    for answers, code in accepted:
        assert judge_answer(answers, 500, code).kind is OutcomeKind.UNKNOWN


def test_whatever_may_have_been_stored_is_never_called_transient() -> None:
    """Transient says: nothing was taken. Only the wire before hand-over, and answers that deny handling, may say so."""
    transient = {f"{answers}/{code}" for (answers, code), row in table().items() if row.kind is OutcomeKind.TRANSIENT}
    assert {case for case in transient if case.startswith("wire")} == {
        "wire/not-connected",
        "wire/untrusted",
        "wire/not-handed-over",
    }
    assert {case for case in transient if case.startswith("http")} == {"http/408", "http/3xx", "http/4xx", "http/503"}


@pytest.mark.parametrize("file", ["outcomes.csv", "lookups.csv"])
def test_the_tables_are_complete_and_without_doubles(file: str) -> None:
    from importlib.resources import files

    rows: list[dict[str, Any]] = list(
        csv.DictReader(files("adapter.gateway").joinpath("data", file).read_text(encoding="utf-8").splitlines())
    )
    keys = [(r["answers"], r["code"], r.get("note_has", "")) for r in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        assert row["meaning_vi"]
        assert row["meaning_en"]
        assert row["certainty"] in ("A", "B", "C", "D")
        assert row["kind"] in {k.value for k in (AnswerKind if file == "lookups.csv" else OutcomeKind)}


def test_the_documentation_says_what_the_data_say() -> None:
    page = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text(encoding="utf-8")
    for one in services().values():
        assert f"| `{one.name}` | `{one.path}` | {one.kind or '–'} | {one.family.encoding} |" in page
    for (answers, code), row in table().items():
        assert f"| `{answers}/{code}` | {row.kind.value} |" in page
