"""The page `docs/reference/cli.md`, made from the commands themselves."""

from __future__ import annotations

from ketway.cli.exits import MEANINGS
from ketway.cli.main import build, resolve_all

HEAD = """# The `ketway` command

<!-- Made by script/cli-reference from the commands in src/ketway/cli; edit those. -->

Every command but `up` speaks to a running Ketway through its control API, never to its files.

## Exit codes

| code | meaning |
|---|---|
"""

JSON = """
## JSON

`--json` makes standard output one JSON value. An error is one JSON object on standard error,
`{"error": {"code": "...", "message": "...", "where": {...} or null}}`, with the same exit code.

| command | value |
|---|---|
| `up` | first line `{"url", "pid"}` |
| `env` | an object of variables |
| `run` | `{"job", "result"}`, with `--no-wait` only `{"job"}` |
| `jobs` | `{"jobs", "next"}` |
| `job` | `{"job", "options", "result", "events"}`; `result` is null if it has none or is private |
| `cancel`, `delete` | `{"jobs", "errors"}` |
| `sessions` | `{"sessions", "next"}` |
| `session` | `{"session"}` |
| `backends` | `{"backends"}` |
| `doctor` | `{"ok", "here", "server"}` |
| `version` | `{"version", "python", "server"}`; `server` is null where none answers |

"""


def page() -> str:
    """The whole page, the same wherever it is made."""
    app = build()
    resolve_all(app)
    codes = "".join(f"| {code:d} | {full} |\n" for code, (_, full) in MEANINGS.items())
    app.help_epilogue = ""  # the table above says more
    commands = "".join(
        app[name].generate_docs(heading_level=2, usage_name=f"ketway {name}").strip() + "\n\n"
        for name in app.resolved_commands()
        if not name.startswith("-")
    )
    return HEAD + codes + JSON + commands.rstrip() + "\n"
