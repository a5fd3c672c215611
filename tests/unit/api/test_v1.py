"""/v1 as a program meets it: lists, masking, acts with reasons, idempotency, one error shape."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.store.people.audit import Entry
from tests.support.api_world import KEY, PATIENT, ApiWorld

WHY = {"reason": "thử nghiệm"}
NAME = "Bí Mật"


def _lines(world: ApiWorld, action: str) -> list[dict[str, Any]]:
    return world.store.audit.list(action=action)


def test_lists_are_paged_by_cursor_and_every_dossier_comes_once(world: ApiWorld) -> None:
    client = world.with_key()
    seen, cursor = [], None
    for _ in range(9):
        page = client.get("/v1/dossiers", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["ma_lk"] for one in page["dossiers"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == ["LKbad", "LKok"]
    assert client.get("/v1/dossiers?state=blocked").json()["dossiers"][0]["ma_lk"] == "LKbad"
    assert client.get("/v1/dossiers?cursor=rubbish").status_code == 200


def test_a_person_is_found_by_name_and_the_look_up_is_recorded_without_it(world: ApiWorld) -> None:
    found = world.with_key().post("/v1/dossiers/search", json={"text": "tran van bi mat"}).json()["dossiers"]
    assert sorted(one["ma_lk"] for one in found) == ["LKbad", "LKok"]
    line = _lines(world, "personal.search")[0]
    assert line["about"]
    assert "mat" not in str(line)


@pytest.mark.parametrize("path", ["", "/revisions", "/events", "/findings", "/tables", "/receipts", "/verdicts"])
@pytest.mark.parametrize("ma_lk", ["LKok", "LKbad"])
def test_nothing_that_only_reads_shows_the_person(world: ApiWorld, path: str, ma_lk: str) -> None:
    answer = world.with_key().get(f"/v1/dossiers/{world.id_of(ma_lk)}{path}")
    assert answer.status_code == 200, answer.text
    assert NAME not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_tables_show_shapes_of_masked_values_and_clear_ones_as_they_are(world: ApiWorld) -> None:
    row = world.with_key().get(f"/v1/dossiers/{world.id_of('LKok')}/tables").json()["tables"]["XML1"][0]
    assert row["HO_TEN"] == "xxxx xxx xx xxx"
    assert row["MA_LK"] == "LKok"


def test_to_see_the_person_is_an_act_with_a_reason_recorded_before_anything_is_shown(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = world.with_key(), f"/v1/dossiers/{world.id_of('LKok')}/reveal"
    assert client.post(path, json={}).status_code == 422
    assert client.post(path, json={"reason": "  "}).status_code == 422
    before = len(_lines(world, "personal.reveal"))
    answer = client.post(path, json={"reason": "gọi lại người bệnh"})
    assert answer.json()["tables"]["XML1"][0]["HO_TEN"] == PATIENT
    line = _lines(world, "personal.reveal")[0]
    assert (len(_lines(world, "personal.reveal")), line["reason"]) == (before + 1, "gọi lại người bệnh")
    assert line["object"] == str(world.id_of("LKok"))

    def full(*_: object) -> int:
        from adapter.errors import StoreBusy

        raise StoreBusy("đầy", "full")

    monkeypatch.setattr(world.store.audit, "append", full)
    refused = client.post(path, json={"reason": "lần nữa"})
    assert refused.status_code == 503
    assert NAME not in refused.text


def test_the_signed_document_comes_byte_for_byte_and_is_recorded(world: ApiWorld) -> None:
    client, identity = world.with_key(), world.id_of("LKok")
    answer = client.post(f"/v1/dossiers/{identity}/sent", json=WHY)
    assert answer.headers["content-type"] == "application/xml"
    revision = world.store.queries.show(identity)["revisions"][0]["id"]  # type: ignore[index]
    assert answer.content == world.store.outbox.signed_bytes(revision)
    assert _lines(world, "personal.download")[0]["detail"]["revision"] == 1
    assert client.post(f"/v1/dossiers/{world.id_of('LKbad')}/sent", json=WHY).status_code == 404


def test_acts_move_the_dossier_and_are_recorded_with_their_reason(world: ApiWorld) -> None:
    client, identity = world.signed_in("operator"), world.id_of("LKbad")
    assert client.post(f"/v1/dossiers/{identity}/hold", json=WHY).json() == {
        "id": identity,
        "state": "blocked",
        "held": True,
    }
    again = client.post(f"/v1/dossiers/{identity}/hold", json=WHY)
    assert (again.status_code, again.json()["code"]) == (409, "QUEUE")
    assert client.post(f"/v1/dossiers/{identity}/release", json=WHY).json()["held"] is False
    structural = client.post(f"/v1/dossiers/{identity}/override", json={**WHY, "rules": ["PKG-001"]})
    assert structural.status_code == 409
    other = client.post(f"/v1/dossiers/{identity}/override", json={**WHY, "rules": ["X1-FMT-008"]})
    assert other.status_code == 409, "the rule that blocks was not named"
    done = client.post(f"/v1/dossiers/{identity}/override", json={**WHY, "rules": ["X1-FMT-007"]})
    assert done.json()["state"] == "ready"
    for action in ("dossier.hold", "dossier.release", "dossier.override"):
        line = _lines(world, action)[0]
        assert line["actor"].startswith("user:operator")
        assert (line["reason"], line["object"]) == (WHY["reason"], str(identity))
    assert world.store.audit.verify().problem == ""


def test_an_operator_may_not_do_what_needs_another_role(world: ApiWorld) -> None:
    client = world.signed_in("operator")
    for method, path in (("GET", "/v1/users"), ("GET", "/v1/audit"), ("GET", "/v1/keys")):
        assert client.request(method, path).json()["code"] == "ACCESS-RIGHT"


def test_the_same_idempotency_key_does_the_act_once_and_tells_the_same(world: ApiWorld) -> None:
    client, identity = world.with_key(), world.id_of("LKok")
    world.pipeline.source.put("again", name=PATIENT, rule="X1-FMT-007")
    world.pipeline.run()
    identity = world.id_of("LKagain")
    headers = {"Idempotency-Key": "mot-lan-thoi-1"}
    first = client.post(f"/v1/dossiers/{identity}/hold", json=WHY, headers=headers)
    second = client.post(f"/v1/dossiers/{identity}/hold", json=WHY, headers=headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"
    assert len([line for line in _lines(world, "dossier.hold") if line["object"] == str(identity)]) == 1
    reused = client.post(f"/v1/dossiers/{identity}/release", json=WHY, headers=headers)
    assert (reused.status_code, reused.json()["code"]) == (422, "IDEMPOTENCY")
    other_caller = world.scoped("dossiers.act").post(f"/v1/dossiers/{identity}/hold", json=WHY, headers=headers)
    assert other_caller.status_code == 409, "keys of different callers never meet"
    client.post(f"/v1/dossiers/{identity}/release", json=WHY)


def test_a_refused_act_leaves_its_idempotency_key_free(world: ApiWorld) -> None:
    client, identity = world.with_key(), world.id_of("LKbad")
    headers = {"Idempotency-Key": "giu-lai-lan-hai"}
    assert client.post(f"/v1/dossiers/{identity}/release", json=WHY, headers=headers).status_code == 409
    assert client.post(f"/v1/dossiers/{identity}/release", json=WHY, headers=headers).json()["code"] == "QUEUE"


def test_an_act_still_at_work_is_not_done_a_second_time(world: ApiWorld) -> None:
    answers = world.store.people.answers
    assert answers.begin("key:a", "khoa-dang-lam", "h" * 64) is None
    earlier = answers.begin("key:a", "khoa-dang-lam", "h" * 64)
    assert earlier is not None
    assert (earlier.same, earlier.status) == (True, None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing-here", 404),
        ("PUT", "/v1/dossiers", 405),
        ("GET", "/v1/dossiers/abc", 422),
        ("GET", "/v1/dossiers?limit=0", 422),
        ("GET", "/v1/dossiers/99999999999999999999", 404),
        ("POST", "/v1/dossiers/1/hold", 422),
    ],
)
def test_every_refusal_has_the_one_shape(world: ApiWorld, method: str, path: str, status: int) -> None:
    answer = world.with_key().request(method, path)
    assert answer.status_code == status
    assert {"code", "message_vi", "message_en"} <= answer.json().keys()


def test_what_was_sent_is_never_quoted_back(world: ApiWorld) -> None:
    answer = world.with_key().post("/v1/dossiers/search", json={"text": 5, "so_the": PATIENT})
    assert answer.status_code == 422
    assert NAME not in answer.text


def test_too_large_a_question_is_refused_before_it_is_read(world: ApiWorld) -> None:
    answer = world.with_key().post("/v1/dossiers/search", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["code"] == "HTTP-413"


def test_users_and_keys_are_managed_and_secrets_told_once(world: ApiWorld) -> None:
    client = world.signed_in("administrator")
    made = client.post("/v1/users", json={"login": "hoa", "roles": ["viewer"], "password": "bốn con trâu xanh"})
    assert made.status_code == 201, made.text
    assert client.post("/v1/users", json={"login": "hoa", "roles": ["viewer"]}).status_code == 422
    assert client.post("/v1/users", json={"login": "yen", "roles": ["root"]}).status_code == 422
    weak = client.post("/v1/users", json={"login": "yen", "roles": ["viewer"], "password": "123456789012"})
    assert (weak.status_code, weak.json()["code"]) == (422, "PASSWORD")
    changed = client.patch("/v1/users/hoa", json={"roles": ["operator"], "facilities": ["01999"]}).json()
    assert (changed["roles"], changed["facilities"]) == (["operator"], ["01999"])
    assert client.patch("/v1/users/hoa", json={"disabled": True}).json()["disabled"] is True
    assert client.patch("/v1/users/khong-co", json={"disabled": True}).status_code == 404
    key = client.post("/v1/keys", json={"name": "lis", "permissions": ["status.read"]}).json()["key"]
    assert world.with_key(key).get("/v1/status").status_code == 200
    assert key not in client.get("/v1/keys").text
    assert client.delete("/v1/keys/lis").status_code == 204
    assert client.delete("/v1/keys/lis").status_code == 404
    assert world.with_key(key).get("/v1/status").status_code == 401


def test_nobody_hands_out_a_permission_they_do_not_have(world: ApiWorld) -> None:
    client = world.signed_in("administrator")
    answer = client.post("/v1/keys", json={"name": "all", "permissions": ["personal.reveal"]})
    assert answer.json()["code"] == "ACCESS-RIGHT"


def test_the_audit_log_is_read_by_page_and_by_whom_it_is_about(world: ApiWorld) -> None:
    client = world.signed_in("privacy_officer")
    world.store.audit.record(Entry("test.note", "cli:x", about="LKtest"))
    first = client.get("/v1/audit?limit=2").json()
    second = client.get(f"/v1/audit?limit=2&before={first['next']}").json()
    assert [line["seq"] for line in first["lines"]][-1] == second["lines"][0]["seq"] + 1
    about = client.post("/v1/audit/about", json={"about": "LKtest"}).json()["lines"]
    assert "test.note" in {line["action"] for line in about}
    assert client.get("/v1/audit/verify").json()["valid"] is True


def test_a_pushed_document_is_checked_and_nothing_of_it_is_kept(world: ApiWorld) -> None:
    from tests.support.gateway_files import dossier_xml

    client = world.with_key()
    before = world.store.queries.count()
    answer = client.post(
        "/v1/xml/check?facility=01999", content=dossier_xml(), headers={"Content-Type": "application/xml"}
    )
    document = answer.json()
    assert answer.status_code == 200, answer.text
    assert document["dossiers"][0]["ma_lk"] == "SYN-1"
    assert "NGƯỜI BỆNH MẪU" not in answer.text
    assert world.store.queries.count() == before
    assert client.post("/v1/xml/check", content=b"<x/>", headers={"Content-Type": "application/xml"}).status_code == 422
    broken = client.post("/v1/xml/check?facility=01999", content=b"<x", headers={"Content-Type": "application/xml"})
    assert broken.json()["errors"] == 1


def test_the_document_of_the_api_is_for_callers_and_names_permissions(world: ApiWorld) -> None:
    assert world.client().get("/v1/openapi.json").status_code == 401
    document = world.with_key(KEY).get("/v1/openapi.json").json()
    hold = document["paths"]["/v1/dossiers/{dossier_id}/hold"]["post"]
    assert hold["x-permission"] == "dossiers.act"
    assert "Idempotency-Key" in {one["name"] for one in hold["parameters"]}
    assert document["components"]["schemas"]["Why"]["example"]
    assert {"401", "403", "404", "409", "422"} <= hold["responses"].keys()
