"""Requests in the terms of an API's document: "GET /jobs/{id}"."""

from __future__ import annotations

import re
from collections.abc import Iterable


def pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template)))


class Templates:
    def __init__(self, templates: Iterable[str]) -> None:
        # A fixed path is tried before one with a parameter: /jobs/estimate is not a job's id.
        known = sorted(templates, key=lambda template: template.count("{"))
        self._patterns = [(template, pattern(template)) for template in known]

    def of(self, call: str) -> str:
        """The template of a request, or the request itself if it has none."""
        return next((t for t, regex in self._patterns if regex.fullmatch(call)), call)
