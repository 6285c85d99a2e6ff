"""How a fresh interpreter is told what to do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_BOOT = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])["path"]
from {module} import main
main()
"""


def command(module: str, settings: Mapping[str, Any]) -> list[str]:
    """Runs `module.main()`, which finds `settings` and the id of this process, `server`, as JSON in
    `sys.argv[1]`.

    What this process can import the new one can too, from the same places; and nothing else, such
    as a file called numpy.py where the server happened to be started (hence `-P`).
    """
    places = [str(Path(place).absolute()) for place in sys.path]
    told = {"server": os.getpid(), "path": places, **settings}
    return [sys.executable, "-P", "-c", _BOOT.format(module=module), json.dumps(told)]
