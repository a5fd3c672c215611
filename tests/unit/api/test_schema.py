"""schemathesis against the OpenAPI document: whatever a caller sends, no crash, the documented statuses and shapes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from adapter.api.document import describe
from tests.support.api_world import KEY, PATIENT, ApiWorld

_EXAMPLES = 3
_WANTED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
_DOWN = 503  # the gateway of this test does not answer: said so in the one error shape


def test_every_address_of_the_document_keeps_its_word_whatever_it_is_sent(world: ApiWorld) -> None:
    schema = schemathesis.openapi.from_dict(describe(world.app))
    checks = CHECKS.get_by_names(_WANTED)
    faults: list[str] = []
    asked = 0

    def judge(operation: Any, case: Any) -> None:
        nonlocal asked
        asked += 1
        answer = case.call(base_url=world.url, headers={"X-API-Key": KEY}, timeout=20)
        assert PATIENT not in answer.text or operation.path.endswith(("/reveal", "/sent"))
        wanted = [check for check in checks if answer.status_code != _DOWN or check.__name__ != "not_a_server_error"]
        try:
            case.validate_response(answer, checks=wanted)
        except FailureGroup as found:
            faults.extend(f"{operation.label}: {one}" for one in found.exceptions)

    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            known = {"dossier_id": world.id_of("LKok")} if "{dossier_id}" in operation.path else None
            real = known if mode is GenerationMode.POSITIVE else None
            # Where nothing is sent, nothing can be sent wrong.
            with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
                _ask(operation.as_strategy(mode, path_parameters=real), partial(judge, operation))
    assert not faults, "\n".join(sorted(set(faults)))
    assert asked > 120


def _ask(cases: SearchStrategy[Any], judge: Callable[[Any], None]) -> None:
    @given(case=cases)
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        judge(case)

    run()
