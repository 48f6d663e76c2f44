"""The `laadwacht` command. Decides nothing: see `collectors.cli.application`."""

from __future__ import annotations

import sys

from collectors.cli.application import main as run


def main() -> None:
    sys.exit(run())


if __name__ == "__main__":
    main()
