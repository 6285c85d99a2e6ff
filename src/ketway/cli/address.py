"""Where a Ketway is: its URL, in the one spelling that everything else builds on."""

from __future__ import annotations

from urllib.parse import urlsplit

from ketway.cli.exits import CommandError

DEFAULT_URL = "http://127.0.0.1:8400"


def normalised(url: str) -> str:
    """The URL with a scheme and without a slash at its end, or a `CommandError`."""
    full = url.strip() if "://" in url else f"http://{url.strip()}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError as error:
        raise CommandError(f"{url!r} is not a URL: {error}.", code="bad-url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise CommandError(
            f"{url!r} is not the URL of a server. It looks like http://127.0.0.1:8400.",
            code="bad-url",
        )
    if parts.query or parts.fragment or not full.isprintable() or " " in full:
        raise CommandError(f"{url!r} has more in it than a server's URL.", code="bad-url")
    return full.rstrip("/")
