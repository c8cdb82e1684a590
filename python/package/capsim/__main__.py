"""The command line: ``python -m capsim`` is the program ``capsim``."""

import sys

from . import _capsim


def main() -> int:
    """Runs the command line of this process."""
    return _capsim.main(["capsim", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
