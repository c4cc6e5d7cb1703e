"""Names of images in the layout of Market-1501 and DukeMTMC-reID."""

import re

IMAGE_NAME = re.compile(r'(?P<identity>-?\d+)_c(?P<camera>\d+)')
"""Beginning of a name: '0002_c1s1_000451_03.jpg' is identity 2, camera 1; '-1' is junk.

Numbers are read whole: torchreid's pattern reads camera 1 in '0002_c12s1_000451_03.jpg'.
"""
