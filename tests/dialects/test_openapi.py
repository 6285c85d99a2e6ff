"""The documents that we serve are what they say they are."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.acceptance.serving import Client

from ketway.dialects.control import routes as control
from ketway.dialects.ionq_v03 import routes as ionq_v03
from ketway.dialects.ionq_v04 import routes as ionq_v04

DOCUMENTS = {
    "/v0.4/api-docs": ionq_v04.Routes(None, None, None, None),  # type: ignore[arg-type]
    "/v0.3/api-docs": ionq_v03.Routes(None, None, None),  # type: ignore[arg-type]
    "/ketway/v1/openapi.json": control.Routes(None, None, None, None, lambda: None, lambda: None),  # type: ignore[arg-type,return-value]
}


@pytest.fixture(params=DOCUMENTS)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def document(client: Client, path: str) -> Any:
    answer = client.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    return answer.json


def test_it_is_a_valid_openapi_document(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_it_has_every_operation_that_is_served_and_no_other(document: Any, path: str) -> None:
    served = {(o.method.lower(), o.path) for o in DOCUMENTS[path].operations()}
    written = {(method, where) for where, entry in document["paths"].items() for method in entry}
    assert written == served
    names = [entry["operationId"] for p in document["paths"].values() for entry in p.values()]
    assert len(names) == len(set(names))


def test_its_schemas_are_schemas_and_lead_nowhere_else(document: Any) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [r for inner in value.values() for r in references(inner)]
        if isinstance(value, list):
            return [r for inner in value for r in references(inner)]
        return []

    for reference in references(document):
        _, _, name = reference.rpartition("#/components/schemas/")
        assert name in document["components"]["schemas"], reference


def test_every_operation_says_how_it_refuses(document: Any) -> None:
    for where, entry in document["paths"].items():
        for method, operation in entry.items():
            assert "404" in operation["responses"], (method, where)
            if "requestBody" in operation:
                assert {"400", "413"} <= set(operation["responses"]), (method, where)
            for response in operation["responses"].values():
                assert response["description"]
