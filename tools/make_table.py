"""Makes or checks a table of own images: the command ``midattr-table``."""

import sys

from midattr_plugin.tables.cli import main

if __name__ == '__main__':
    sys.exit(main())
