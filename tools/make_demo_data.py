"""Renders the demo data set or a twin of Market-1501: ``tools/make_demo_data.py --help``."""

import sys

from midattr_plugin.demo import main

if __name__ == '__main__':
    sys.exit(main())
