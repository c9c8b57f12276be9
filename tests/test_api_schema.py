"""The service against its own OpenAPI description, with every check and phase of Schemathesis."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import PhaseName

from encoder.fontfile import read_faces
from encoder.reference import draw_reference, reference_lines
from index.settings import Settings
from tests import bad_fonts as bad
from tests.api_fake import TOKEN, FakeCatalog, picture
from tests.api_fixtures import Service
from tests.page_fixtures import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning",
        "ignore::ResourceWarning",
        "ignore::hypothesis.errors.HypothesisWarning",  # a font is a long value to print
    ),
]

# What is refused although the description allows it: (check, call, problem, its words). All of it
# is what a schema cannot say.
_ALLOWED = (
    # Bytes are "binary", whatever they hold: only the parser knows a picture, and how large it is.
    ("positive_data_acceptance", "/v1/search", "empty|broken|too-small|unsupported-format", ""),
    # ... and only the catalogue a font.
    ("positive_data_acceptance", "/v1/fonts", "font-refused", ""),
    # A pattern knows four numbers, not their order, nor what picture they will lie in.
    ("positive_data_acceptance", "/v1/search", "invalid-crop", "x0 < x1|outside the picture"),
    # A pattern knows two weights, not which is the lighter one.
    ("positive_data_acceptance", "", "invalid-parameter", "a range names the lighter first"),
    # A cursor is a word of ours: there is no telling from outside which were given out.
    ("positive_data_acceptance", "/v1/families", "invalid-parameter", "cursor"),
    # Unicode's printable characters are no pattern of JSON Schema (ECMA 262 without flags).
    ("positive_data_acceptance", "/v1/families/{id}", "invalid-parameter", "printable character"),
)
_CONFIG = {
    "seed": 1,
    # Where it is not named, the answer comes packed, and Schemathesis does not unpack zstd.
    "headers": {"Accept-Encoding": "identity"},
    "auth": {"openapi": {"token": {"bearer": TOKEN}}},
    "continue-on-failure": True,
    "request-timeout": 60,  # seconds; ten are too few for a search where other jobs run
    # More pictures or parts than one request may have are refused as what is too large.
    "checks": {
        "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 413, 415, 422]}
    },
}


@dataclass
class Examined:
    """What a run did: which checks ran in which phases, on which statuses, and what failed."""

    checks: set[str] = field(default_factory=set)
    phases: dict[str, Status] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def note(self, phase: PhaseName, recorder: ScenarioRecorder) -> None:
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                self.statuses[phase.value, interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            label = recorder.cases[case_id].value.operation.label
            response = recorder.interactions[case_id].response
            for check in checks:
                self.checks.add(check.name)
                if check.failure_info is None:
                    continue
                body = response.content if response is not None else b""
                if check.name == "use_after_free" and _added_again(recorder, case_id):
                    continue
                if not _is_allowed(check.name, label, body):
                    failure = check.failure_info
                    words = f"{failure.failure.title}: {failure.failure.message}"
                    told = f"{words}\n{failure.code_sample}\n{body[:400]!r}"
                    self.failures.setdefault((check.name, label, phase.value), told[:2000])


def _added_again(recorder: ScenarioRecorder, case_id: str) -> bool:
    """Whether the call's family was added between its removal and this call, with the same id."""
    ids = list(recorder.interactions)
    for earlier in reversed(ids[: ids.index(case_id)]):
        response = recorder.interactions[earlier].response
        operation = recorder.cases[earlier].value.operation
        if response is None or not 200 <= response.status_code < 300:
            continue
        if operation.label == "DELETE /v1/families/{id}":
            return False
        family = recorder.cases[case_id].value.path_parameters["id"]
        if operation.label == "POST /v1/fonts" and f'"id":"{family}"' in _packed(response.content):
            return True
    return False


def _packed(body: bytes) -> str:
    return json.dumps(json.loads(body), separators=(",", ":"))


def _is_allowed(check: str, label: str, body: bytes) -> bool:
    try:
        problem: dict[str, Any] = json.loads(body)
    except ValueError:
        return False
    slug, detail = str(problem.get("type")).partition("#")[2], str(problem.get("detail"))
    return any(
        check == name and call in label and re.fullmatch(slugs, slug) and re.search(words, detail)
        for name, call, slugs, words in _ALLOWED
    )


def examine(address: str, files: list[bytes], examples: int) -> Examined:
    """Every phase and check over the service at `address`; uploads are one of `files`."""
    schemathesis.openapi.format("binary", st.sampled_from(files))
    generation = {"deterministic": True, "max-examples": examples, "no-shrink": True}
    config = SchemathesisConfig.from_dict({**_CONFIG, "generation": generation})
    described = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
    found = Examined()
    for event in from_schema(described).execute():
        match event:
            case events.PhaseFinished():
                found.phases[event.phase.name.value] = event.status
            case events.ScenarioFinished():
                found.note(event.phase, event.recorder)
            case events.NonFatalError():
                found.errors.append(str(event.info))
            case events.FatalError():
                raise event.exception
    return found


def _require(found: Examined) -> None:
    """Nothing failed, and nothing was left out: no check, and no phase."""
    told = "\n\n".join(f"{key}: {value}" for key, value in found.failures.items())
    assert found.failures == {}, told
    assert found.errors == []
    # All that are registered. One has nothing to compare here, where all calls have one token:
    # "object_level_authorization"; what one token's owner may see of another's: test_api_access.py.
    assert found.checks == set(CHECKS.get_all_names())
    # The fourth, "examples", has none to try: the description holds no examples.
    ran = {"coverage", "fuzzing", "stateful"}
    assert not {found.phases[phase] for phase in ran} & {Status.SKIP, Status.ERROR}, found.phases
    assert all(found.statuses[phase, 200] > 0 for phase in ran), found.statuses
    every = {status for _, status in found.statuses}
    assert every >= {200, 201, 204, 400, 401, 404, 405, 415, 422}, every


def test_calls_are_what_the_description_says(tmp_path: Path) -> None:
    """No 5xx; no status, type, header or body that the description lacks; what it forbids is
    refused, and what it allows is not, save what no schema can say.
    """
    files = [picture(), b"font Some", b"font Other", b"dup", b"junk"]
    settings = Settings(data=tmp_path, prebuilt=tmp_path, api_token=TOKEN, rate="")
    with serving(settings, FakeCatalog()) as address:
        found = examine(address, files, 10)
    _require(found)


def test_the_real_catalogue_too(service: Service, sans_path: Path, serif_path: Path) -> None:
    """The same over real fonts: found in pictures, added through the jail, changed, removed."""
    fonts = [bad.plain(sans_path, name=name) for name in ("Made One", "Made Two")]
    face = read_faces(serif_path)[0]
    line = io.BytesIO()
    drawn = draw_reference(face.ref, reference_lines(face.coverage)[0])
    Image.fromarray(drawn).convert("L").save(line, "PNG")
    with serving(replace(service.settings, rate=""), service.catalog) as address:
        found = examine(address, [picture(), line.getvalue(), *fonts, b"junk"], 4)
    _require(found)
    service.catalog.ping()
