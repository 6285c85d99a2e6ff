"""`python -m ketway` is the `ketway` command."""

from __future__ import annotations

import sys

from ketway.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
