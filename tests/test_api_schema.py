"""The service against its own OpenAPI description: what it says of each call is so."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from index.settings import Settings
from tests.api_fake import TOKEN, FakeCatalog

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def test_calls_are_what_the_description_says(tmp_path: Path) -> None:
    """No 5xx, no status, type or body that the description does not have, with a good token."""
    app = create_app(Settings(data=tmp_path, api_token=TOKEN, rate=""), catalog=FakeCatalog())
    described = schemathesis.openapi.from_wsgi("/openapi.json", app)
    wrong, tried = {}, []
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=15,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def call(case: Case) -> None:
            headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "identity"}
            case.call_and_validate(headers=headers, checks=CHECKS)

        tried.append(operation.label)
        try:
            call()
        except* Exception as group:
            wrong[operation.label] = str(group.exceptions[0])[:1500]
    assert len(tried) > 10
    assert wrong == {}, "\n".join(f"{label}: {why}" for label, why in wrong.items())
