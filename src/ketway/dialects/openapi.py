"""The OpenAPI document of a dialect, made from the operations that serve it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ketway.dialects.http import Operation, docs_of

_REF = "#/components/schemas/{name}"


def document(
    operations: Sequence[Operation],
    *,
    title: str,
    version: str,
    description: str,
    server: str,
    security: Mapping[str, Any],
    error: type[msgspec.Struct],
) -> dict[str, Any]:
    types = [error]
    for operation in operations:
        types += [t for t in (operation.body, operation.answer, operation.query) if t is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(map(_key, types), schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in operations:
        entry = _operation(operation, by_type, components, security, error)
        paths.setdefault(_plain(operation.path), {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": dict(security)},
    }


def _key(type_: Any) -> str:
    return repr(type_)


def _plain(path: str) -> str:
    """Starlette's `{id:str}` as OpenAPI's `{id}`."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def _operation(
    operation: Operation,
    by_type: Mapping[str, Any],
    components: Mapping[str, Any],
    security: Mapping[str, Any],
    error: type[msgspec.Struct],
) -> dict[str, Any]:
    def content(type_: Any, media: str = "application/json") -> dict[str, Any]:
        return {media: {"schema": {} if type_ is None else by_type[_key(type_)]}}

    refusals = {404: "There is no such thing.", **operation.refusals}
    if operation.body is not None or operation.query is not None or "{" in operation.path:
        refusals.setdefault(400, "The request cannot be understood, or means nothing.")
    if operation.body is not None:
        refusals.setdefault(413, "The body is too large.")
    responses = {
        str(operation.status): {
            "description": operation.summary,
            "content": content(operation.answer, operation.media),
        },
        **{
            str(status): {"description": when, "content": content(operation.answer)}
            for status, when in operation.also.items()
        },
        **{
            str(status): {"description": why, "content": content(error)}
            for status, why in sorted(refusals.items())
        },
    }
    entry: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": docs_of(operation.handler),
        "parameters": _parameters(operation, by_type, components),
        "responses": responses,
        "security": [] if operation.public else [{name: []} for name in security],
    }
    if operation.body is not None:
        entry["requestBody"] = {"required": True, "content": content(operation.body)}
    return entry


def _parameters(
    operation: Operation, by_type: Mapping[str, Any], components: Mapping[str, Any]
) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)", operation.path)
    ]
    if operation.query is not None:
        schema = by_type[_key(operation.query)]
        if "$ref" in schema:
            schema = components[schema["$ref"].rsplit("/", 1)[1]]
        required = set(schema.get("required", ()))
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": value}
            for name, value in schema["properties"].items()
        ]
    return found
