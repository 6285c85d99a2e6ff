"""`ketway session`: everything about one session, and its end."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.finding import identifier
from ketway.cli.options import Json, Url
from ketway.cli.terminal import clean, emit, line, seconds, state


def session(
    typed: Annotated[str, Parameter(name="ID", help="The session's id, or the beginning of it.")],
    /,
    *,
    close: Annotated[
        bool,
        Parameter(negative="", help="Let it take no new jobs; those that it has are run."),
    ] = False,
    cancel: Annotated[
        bool,
        Parameter(
            negative="",
            help="Let it take no new jobs, and cancel those that wait; one that runs goes on.",
        ),
    ] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Show one session or batch: its state, its jobs in number, and how it came there. Or end it.

    What was closed or canceled before stays what it is.

    ```
    ketway session 019aa3f2
    ketway session 019aa3f2 --close
    ketway jobs --session 019aa3f2
    ```
    """
    if close and cancel:
        raise CommandError("--close and --cancel do not go together: give one of them.")
    named = identifier(typed, "session")
    with Client(url) as client:
        if close or cancel:
            found = client.post("sessions", named, "close" if close else "cancel")
        else:
            found = client.get("sessions", named)
    if json:
        emit({"session": found})
    else:
        _show(found)
    return Exit.DONE


def _show(session: dict[str, Any]) -> None:
    line("Session ", (clean(session["id"]), "bold"), "  ", state(session["state"]))
    for label, text in _facts(session):
        line(f"  {label:<10}", text)


def _facts(session: dict[str, Any]) -> list[tuple[str, str]]:
    jobs = session["jobs"]
    facts = [("name", clean(session["name"]))] if session.get("name") else []
    facts += [
        ("mode", clean(session["mode"])),
        ("backend", clean(session["backend"])),
        ("dialect", clean(session["dialect"])),
        ("jobs", ", ".join(f"{count:,} {kind}" for kind, count in jobs.items())),
        ("used", seconds(session["seconds_used"])),
        ("lasts", _lasts(session)),
    ]
    if not session["accepting_jobs"]:
        why = session.get("why")
        facts.append(("takes", "no more jobs" + (f": {clean(why)}" if why else "")))
    for event in session.get("history") or ():
        why = f" ({clean(event['why'])})" if event.get("why") else ""
        facts.append((clean(event["kind"]), f"{clean(event['at'])}  {clean(event['state'])}{why}"))
    return facts


def _lasts(session: dict[str, Any]) -> str:
    text = f"{seconds(session['max_ttl'])} from the start of its first job"
    idle = session.get("interactive_ttl")
    return text if idle is None else f"{text}, active for {seconds(idle)} without one"
