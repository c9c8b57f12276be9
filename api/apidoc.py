"""The OpenAPI description as what a page shows: calls, their fields, and lines to copy."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

Values = Mapping[str, str]
# What the fields of an address hold before anybody has typed.
_EXAMPLES = {
    "/v1/families/{id}": "playfair-display",
    "/v1/families/{id}/similar": "playfair-display",
    "/v1/faces/{id}/preview.png": "playfair-display-400-normal",
}
_FILES = {"image": "picture.png", "file": "MyFont.ttf"}
_TOKEN = "FONTKIN_API_TOKEN"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a call; `kind` is "integer", "boolean" or "string".

    `where` is "path", "query" or "body": a value of the JSON that is sent.
    """

    name: str
    where: str
    kind: str
    needed: bool
    options: tuple[str, ...]
    default: str
    example: str
    low: int | None
    high: int | None
    description: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `body_kind` is "files", "json", or "" for none.

    `upload` names the field of the files, and `several` says whether it takes more than one.
    `least` is how many values the JSON must have, no matter which.
    """

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    token: bool
    parameters: tuple[Parameter, ...]
    body_kind: str
    upload: str
    several: bool
    least: int
    statuses: tuple[tuple[int, str], ...]
    picture: bool

    @property
    def example(self) -> str:
        """An id for the field in its path; "" where there is none."""
        return "my-font" if self.token else _EXAMPLES.get(self.path, "")

    @property
    def file(self) -> str:
        """The name that the lines give a file to send."""
        return _FILES.get(self.upload, "file")


def calls(description: Mapping[str, Any]) -> list[Call]:
    """Every call of an OpenAPI 3.1 description, in its order."""
    found = _operations(description)
    return [_call(description, path, method, operation) for path, method, operation in found]


def _operations(description: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in description.get("paths", {}).items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _call(root: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Call:
    kind, schema = _body(root, operation.get("requestBody", {}).get("content", {}))
    fields = schema.get("properties", {})
    upload = next(iter(schema.get("required") or fields)) if kind == "files" else ""
    parameters = [_parameter(p) for p in operation.get("parameters", ())]
    if kind == "json":
        needed = schema.get("required", ())
        parameters += [
            _parameter({"name": name, "in": "body", "schema": field, "required": name in needed})
            for name, field in fields.items()
        ]
    answer = next(iter(operation["responses"].values())) or {}
    return Call(
        id=operation["operationId"],
        tag=operation.get("tags", ["Other"])[0],
        method=method,
        path=path,
        summary=operation.get("summary") or "",
        description=re.sub(r"<br */?>", "", operation.get("description") or "").strip(),
        token="security" in operation,
        parameters=tuple(parameters),
        body_kind=kind,
        upload=upload,
        several=bool(upload) and fields[upload].get("type") == "array",
        least=schema.get("minProperties", 0),
        statuses=tuple((int(s), HTTPStatus(int(s)).phrase) for s in operation["responses"]),
        picture="image/png" in answer.get("content", {}),
    )


def _body(root: Mapping[str, Any], content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """What kind of body a call takes, and its schema; ("", {}) for none."""
    if not content:
        return "", {}
    kind = "files" if "multipart/form-data" in content else "json"
    schema = content["multipart/form-data" if kind == "files" else "application/json"]["schema"]
    if reference := schema.get("$ref"):
        schema = root["components"]["schemas"][reference.rpartition("/")[2]]
    return kind, schema


def _parameter(given: Mapping[str, Any]) -> Parameter:
    schema = given["schema"]
    choices = [s for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    inner = {**schema, **(choices[0] if choices else {})}
    kind = inner.get("type", "string")
    options = inner.get("items", {}).get("enum") or inner.get("enum") or ()
    if kind == "boolean":
        options = ("true", "false")
    default = schema.get("default")
    return Parameter(
        name=given["name"],
        where=given["in"],
        kind="string" if kind == "array" else kind,
        needed=given.get("required", False),
        options=tuple(options),
        default="" if default in (None, []) else json.dumps(default).strip('"'),
        example=str(schema.get("example", "")),
        low=None if inner.get("minimum") is None else int(inner["minimum"]),
        high=None if inner.get("maximum") is None else int(inner["maximum"]),
        description=schema.get("description") or "",
    )


def curl(call: Call, base: str, values: Values) -> str:
    """A line for a shell; the token stands in a variable, so that no history keeps it."""
    address, query = _address(call, base, values)
    parts = ["curl"]
    if call.method not in ("GET", "POST"):
        parts[0] += f" -X {call.method}"
    if call.token:
        parts.append(f'-H "Authorization: Bearer ${_TOKEN}"')
    if call.body_kind == "files":
        parts.append(f"-F {call.upload}=@{call.file}")
    if call.body_kind == "json":
        body = json.dumps(_sent(call, values), ensure_ascii=False)
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    if call.picture:
        parts.append("-o preview.png")
    parts.append(shlex.quote(address + (f"?{urlencode(query)}" if query else "")))
    return (" " if len(parts) == 2 else " \\\n  ").join(parts)


def python(call: Call, base: str, values: Values) -> str:
    """The same with the package `requests`."""
    address, query = _address(call, base, values)
    imports = ["import requests", ""]
    lines = [f"answer = requests.{call.method.lower()}(", f"    {address!r},"]
    if query:
        lines.append(f"    params={query!r},")
    if call.token:
        imports.insert(0, "import os")
        lines.append(f"    headers={{'Authorization': 'Bearer ' + os.environ['{_TOKEN}']}},")
    if call.body_kind == "files":
        lines.append(f"    files=[('{call.upload}', open('{call.file}', 'rb'))],")
    if call.body_kind == "json":
        lines.append(f"    json={_sent(call, values)!r},")
    lines += [")", "answer.raise_for_status()"]
    if call.picture:
        lines.append("open('preview.png', 'wb').write(answer.content)")
    elif call.method != "DELETE":
        lines.append("print(answer.json())")
    return "\n".join(imports + lines)


def _sent(call: Call, values: Values) -> dict[str, str | int | bool]:
    """The JSON of a call, as its form sends it; an example as long as nothing is filled in."""
    fields = [p for p in call.parameters if p.where == "body"]
    sent = dict[str, str | int | bool]()
    for field in fields:
        text = values.get(field.name, "")
        if not text or (field.options and text not in field.options):
            continue
        number = field.kind == "integer" and text.isdecimal()
        sent[field.name] = (
            (text == "true") if field.kind == "boolean" else int(text) if number else text
        )
    return sent or {field.name: field.example for field in fields if field.example}


def _address(call: Call, base: str, values: Values) -> tuple[str, dict[str, Any]]:
    path, query = call.path, {}
    for parameter in call.parameters:
        text = values.get(parameter.name, "").strip()
        if parameter.where == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(text or call.example, safe=""))
        elif parameter.where == "query" and text and text != parameter.default:
            number = parameter.kind == "integer" and text.isdecimal()
            query[parameter.name] = int(text) if number else text
    return base.rstrip("/") + path, query
