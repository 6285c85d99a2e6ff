from __future__ import annotations

import pytest

from ketway.dialects.paths import Paths


@pytest.fixture
def paths() -> Paths[str]:
    found: Paths[str] = Paths()
    for pattern, leads_to in {
        "/jobs": "list",
        "/jobs/{id}": "get",
        "/jobs/estimate": "estimate",
        "/jobs/{id}/results/{kind}": "result",
        "/jobs/status/cancel": "cancel many",
        "/jobs/{id}/cost": "cost",
    }.items():
        found.add(pattern, leads_to)
    return found


@pytest.mark.parametrize(
    ("path", "leads_to", "parameters"),
    [
        ("/jobs", "list", {}),
        ("/jobs/7", "get", {"id": "7"}),
        ("/jobs/7\n", "get", {"id": "7\n"}),
        ("/jobs/7/results/shots", "result", {"id": "7", "kind": "shots"}),
        # A word wins over a name …
        ("/jobs/estimate", "estimate", {}),
        ("/jobs/status/cancel", "cancel many", {}),
        # … but not where it leads nowhere.
        ("/jobs/status", "get", {"id": "status"}),
        ("/jobs/status/cost", "cost", {"id": "status"}),
        ("/jobs/estimate/cost", "cost", {"id": "estimate"}),
    ],
)
def test_what_a_path_leads_to(
    paths: Paths[str], path: str, leads_to: str, parameters: dict[str, str]
) -> None:
    assert paths.find(path) == (leads_to, parameters)


@pytest.mark.parametrize(
    "path",
    ["", "/", "jobs", "/job", "/jobs/", "//jobs", "/jobs//cost", "/jobs/7/", "/jobs/7/results"],
)
def test_paths_that_lead_nowhere(paths: Paths[str], path: str) -> None:
    assert paths.find(path) is None


def test_a_pattern_is_given_once(paths: Paths[str]) -> None:
    with pytest.raises(AssertionError, match="there already"):
        paths.add("/jobs/{other}", "get")


def test_parameters_at_one_place_may_have_different_names(paths: Paths[str]) -> None:
    paths.add("/jobs/{parent}/children/{child}", "child")
    assert paths.find("/jobs/1/children/2") == ("child", {"parent": "1", "child": "2"})
    assert paths.find("/jobs/1/cost") == ("cost", {"id": "1"})
