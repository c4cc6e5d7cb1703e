"""Renders the demo dataset or a twin of Market-1501; see ``tools/render.py --help``."""

import sys

from midattr_plugin.rendering import main

if __name__ == '__main__':
    sys.exit(main())
