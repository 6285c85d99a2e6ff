from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.acceptance.serving import Answer, Client, Server

from ketway.dialects.ibm_runtime.routes import PREFIXES

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
FORM = {"grant_type": GRANT, "apikey": "mine", "response_type": "cloud_iam"}


def sign_in(client: Client, form: dict[str, str] | bytes) -> Answer:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return client.ask("POST", "/identity/token", body, kind)


@pytest.fixture
def nobody(server: Server) -> Client:
    return server.client()


def test_a_key_buys_a_token(nobody: Client) -> None:
    answer = sign_in(nobody, FORM)
    assert answer.status == 200
    got = answer.json
    assert got["token_type"] == "Bearer"
    payload = got["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] == got["expiration"] == claims["iat"] + got["expires_in"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "grant_type"),
        ({**FORM, "grant_type": "password"}, "grant_type"),
        ({**FORM, "apikey": ""}, "apikey"),
        ({"grant_type": GRANT}, "apikey"),
        (b"\xff\xfe", "not a form"),
        (b"&".join(b"a=1" for _ in range(100)), "not a form"),
        (b"{}", "grant_type"),
    ],
)
def test_what_buys_none(nobody: Client, form: Any, said: str) -> None:
    answer = sign_in(nobody, form)
    assert answer.status == 400, answer.raw
    assert said in answer.json["errorMessage"]
    assert answer.json["errorCode"].startswith("BXNIM")
    assert answer.json["context"]["requestId"]


def test_instances_and_their_plan(nobody: Client) -> None:
    token = sign_in(nobody, FORM).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    query = {"query": "service_name:quantum-computing", "fields": ["crn"]}
    found = nobody.ask("POST", "/v3/resources/search?limit=100", query, bearer).json
    (item,) = found["items"]
    assert "search_cursor" not in found
    assert item["crn"].count(":") == 9
    assert item["doc"]["extensions"]
    for path in ("/catalog/", "/api/v1/"):  # derived from the API's host, it is the second
        plan = nobody.ask("GET", path + item["service_plan_unique_id"], headers=bearer).json
        assert plan["overview_ui"]["en"]["display_name"] == "Open"
        assert plan["metadata"]["pricing"]["type"] == "free"
    other = {"query": "service_name:cloud-object-storage"}
    assert nobody.ask("POST", "/v3/resources/search", other, bearer).json["items"] == []
    assert nobody.ask("GET", "/catalog/platinum", headers=bearer).status == 404


@pytest.mark.parametrize("prefix", PREFIXES)
def test_each_way_to_show_who_one_is(nobody: Client, prefix: str) -> None:
    token = sign_in(nobody, FORM).json["access_token"]
    crns = {
        nobody.ask("GET", f"{prefix}/instances/usage", headers=headers).json["instance_id"]
        for headers in (
            {"Authorization": f"Bearer {token}", "Service-CRN": "crn:v1:::::::::"},
            {"Authorization": "apikey mine"},
            {"X-Access-Token": "mine"},
        )
    }
    assert len(crns) == 1


@pytest.mark.parametrize("shown", ["Bearer x", "Bearer a.b.c", "bearer ", "Bearer \xff.\xff.\xff"])
def test_a_token_that_is_not_ours(nobody: Client, shown: str) -> None:
    headers = {"Authorization": shown}
    refused = nobody.ask("GET", "/api/v1/backends", headers=headers)
    assert refused.status == 401
    assert refused.json["errors"][0]["code"] == refused.json["error"]["code"] == 1200
    searched = nobody.ask("POST", "/v3/resources/search", {"query": ""}, headers)
    assert searched.status == 401
    assert "sign in" in searched.json["errorMessage"]
