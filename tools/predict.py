"""Predicts attributes and descriptors of own pictures: the command ``midattr-predict``."""

import sys

from midattr_plugin.predict import main

if __name__ == '__main__':
    sys.exit(main())
