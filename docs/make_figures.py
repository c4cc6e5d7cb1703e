"""Writes the figures of the README into ``docs/images``: ``python docs/make_figures.py``.

``network.svg`` is the network (paper Fig. 2) as this project builds it; ``people.jpg`` shows
rendered people with their attributes. The same code always gives the same files.
"""

import argparse
import textwrap
from collections.abc import Iterable
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from midattr_plugin.datasets import MARKET1501
from midattr_plugin.rendering.cameras import CAMERAS, camera_scene
from midattr_plugin.rendering.look import AGES, Look
from midattr_plugin.rendering.photo import HEIGHT, WIDTH, photograph
from midattr_plugin.rendering.render import DEFAULT_SEED, DEMO_TEST_PIDS, DEMO_TRAIN_PIDS
from midattr_plugin.rendering.roster import invent_roster
from midattr_plugin.rendering.traits import sample_traits
from midattr_plugin.schema import NUM_PARTS

FIGURES = ('network.svg', 'people.jpg')

_SIZE = (600, 820)  # of the network, in the unit of all lengths below
_LAYER = ('#e8eef8', '#4a6da7')  # fill and outline
_TRAINING = ('#fdf0dc', '#b8741a')
_TEST = ('#e3f3e6', '#3c8a50')
_TEXT, _FAINT = '#1f2328', '#57606a'

# (identity of the demo set, camera)
_PEOPLE = ((35, 1), (64, 2), (43, 3), (33, 1), (82, 4), (57, 3), (28, 2), (40, 5), (75, 6), (60, 1))
_COLUMNS = 5
_ZOOM = 2
_GAP = 14
_LINE = 19  # height of a line of text in pixels
_LINES = 6


class Drawing:
    """SVG elements, collected from back to front."""

    def __init__(self) -> None:
        self.elements: list[str] = []

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colors: tuple[str, str],
        lines: Iterable[str] = (),
        bold: int = 1,
    ) -> None:
        """Add a box with centered lines of text, of which the first ``bold`` are headings."""
        fill, outline = colors
        self.elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
            f'fill="{fill}" stroke="{outline}" stroke-width="1.5"/>'
        )
        lines = list(lines)
        first = y + height / 2 + 5.5 - 9.5 * (len(lines) - 1)
        for row, line in enumerate(lines):
            size = 17 if row < bold else 15
            self.text(x + width / 2, first + 19 * row, line, size, row < bold)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 15,
        bold: bool = False,
        anchor: str = 'middle',
        color: str = _TEXT,
    ) -> None:
        """Add one line of text with its baseline at ``y``."""
        weight = ' font-weight="600"' if bold else ''
        self.elements.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" '
            f'fill="{color}"{weight}>{escape(text)}</text>'
        )

    def arrow(self, *points: tuple[float, float]) -> None:
        """Add a line through ``points`` with a head at its end."""
        path = ' L'.join(f'{x:g} {y:g}' for x, y in points)
        self.elements.append(
            f'<path d="M{path}" fill="none" stroke="{_FAINT}" stroke-width="2" '
            'marker-end="url(#head)"/>'
        )

    def svg(self, title: str) -> str:
        """Return the file; its white panel keeps it readable on dark pages."""
        width, height = _SIZE
        return '\n'.join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'width="{width}" height="{height}" role="img" '
                'font-family="Helvetica, Arial, \'Liberation Sans\', sans-serif">',
                f'<title>{escape(title)}</title>',
                '<defs><marker id="head" markerUnits="userSpaceOnUse" markerWidth="11" '
                'markerHeight="10" refX="10" refY="5" orient="auto">'
                f'<path d="M0 0 L11 5 L0 10 Z" fill="{_FAINT}"/></marker></defs>',
                f'<rect x="1" y="1" width="{width - 2}" height="{height - 2}" rx="12" '
                'fill="#ffffff" stroke="#d0d7de" stroke-width="1.5"/>',
                *self.elements,
                '</svg>\n',
            ]
        )


def network_svg() -> str:
    """Return the network with two branches and attributes on res3d, as SVG."""
    drawing = Drawing()
    _draw_trunk(drawing)
    _draw_attributes(drawing, 16, 112, 520)
    _draw_branches(drawing)
    _draw_legend(drawing)
    return drawing.svg('The network: global branch, part branch and mid-level attributes')


def _draw_trunk(drawing: Drawing) -> None:
    boxes = (
        ('image', ''),
        ('conv1', ''),
        ('conv2', ''),
        ('conv3', 'res3d'),
        ('conv4', 'res4f'),
    )
    for column, (name, layer) in enumerate(boxes):
        x = 16 + 119 * column
        colors = _LAYER if column else ('#ffffff', _FAINT)
        drawing.box(x, 16, 92, 58, colors, filter(None, (name, layer)))
        if column:
            drawing.arrow((x - 26, 45), (x - 2, 45))
    drawing.text(135, 99, 'ResNet-50, pretrained on ImageNet', 14, anchor='start', color=_FAINT)
    drawing.arrow((419, 75), (419, 110))
    drawing.arrow((562, 75), (562, 420), (154, 420), (154, 438))
    drawing.arrow((446, 420), (446, 438))


def _draw_attributes(drawing: Drawing, x: float, y: float, width: float) -> None:
    """Draw the parts of the map and, as high as the parts that they read, the classifiers."""
    height = 54  # of a part
    drawing.box(x, y, width, 66 + NUM_PARTS * height, ('#fffaf2', _TRAINING[1]))
    drawing.text(x + width / 2, y + 24, 'Attributes (here: Market-1501)', 17, bold=True)
    drawing.text(
        x + width / 2, y + 45, f'{NUM_PARTS} horizontal parts of res3d, each max-pooled', 15
    )
    top = y + 56
    for part in range(NUM_PARTS):
        drawing.box(x + 12, top + part * height, 88, height, _LAYER)
        drawing.text(x + 20, top + part * height + 18, str(part + 1), 14, anchor='start')
    _draw_person(drawing, x + 60, top)

    groups: dict[tuple[int, ...], list[str]] = {}
    for attribute in MARKET1501:
        groups.setdefault(attribute.parts, []).append(attribute.name)
    left = x + 110
    # a column each for half of the body, one part and the whole body
    for size, wide in ((2, 186), (1, 108), (NUM_PARTS, 90)):
        for parts, names in groups.items():
            if len(parts) == size:
                words = ', '.join(name.replace('_', '\N{NO-BREAK SPACE}') for name in names)
                drawing.box(
                    left,
                    top + (parts[0] - 1) * height + 2,
                    wide,
                    size * height - 4,
                    _TRAINING,
                    _wrap(words, wide),
                    bold=0,
                )
        left += wide + 8
    for row, line in enumerate(('Each attribute', 'has an FC layer', 'on the parts', 'beside it.')):
        drawing.text(x + 358, top + 2 * height + 19 * row, line, 14, color=_FAINT)


def _wrap(words: str, width: float) -> list[str]:
    # textwrap does not break at no-break spaces
    return textwrap.wrap(words, int(width / 8.4), break_long_words=False)


def _draw_person(drawing: Drawing, x: float, top: float) -> None:
    """Draw a standing person over the parts, 216 high."""
    drawing.elements.append(
        f'<g transform="translate({x:g} {top:g})" fill="none" stroke="{_LAYER[1]}" '
        'stroke-width="13" stroke-linecap="round" stroke-linejoin="round" opacity="0.45">'
        '<circle cx="0" cy="24" r="13" fill="#4a6da7" stroke="none"/>'
        '<path d="M-19 104 L-17 54 L17 54 L19 104"/>'
        '<path d="M0 58 L0 104" stroke-width="26"/>'
        '<path d="M-7 112 L-9 196 M7 112 L9 196" stroke-width="12"/></g>'
    )


def _draw_branches(drawing: Drawing) -> None:
    """Draw the branches side by side, and below them what their features are used for."""
    y, height, step, width = 440, 46, 68, 276
    times = '\N{MULTIPLICATION SIGN}'
    global_branch = {  # row -> lines
        0: ('conv5 (res5c)', 'global branch'),
        1: ('global average pooling',),
        3: ('pool5', 'global feature, 2048-d'),
    }
    part_branch = {
        0: ('copy of conv5', 'part branch'),
        1: ('horizontal average pooling', 'to 8 rows'),
        2: (f'1{times}1 convolution to 256 channels',),
        3: ('pool5_1', f'local feature, 8 {times} 256 = 2048-d'),
    }
    for x, branch in ((16, global_branch), (308, part_branch)):
        end = None
        for row, lines in branch.items():
            top = y + step * row
            if end is not None:
                drawing.arrow((x + width / 2, end), (x + width / 2, top - 2))
            drawing.box(x, top, width, height, _LAYER, lines, bold=int(row in (0, 3)))
            end = top + height + 1
    top = y + 3 * step + height
    for center in (84, 228, 372, 516):
        drawing.arrow((center, top + 1), (center, top + 24))
    for x in (16, 448):
        drawing.box(x, top + 26, 136, 58, _TRAINING, ('n identities', 'dropout, FC'))
    words = ('fused descriptor, 4096-d', 'L2-normalize each, concatenate')
    drawing.box(164, top + 26, 272, 58, _TEST, words)


def _draw_legend(drawing: Drawing) -> None:
    x, y = 40, 800
    for colors, text, width in (
        (_LAYER, 'layers, features', 150),
        (_TRAINING, 'classifiers, softmax loss', 220),
        (_TEST, 'test', 0),
    ):
        drawing.box(x, y - 12, 16, 14, colors)
        drawing.text(x + 24, y, text, 14, anchor='start', color=_FAINT)
        x += width


def people_image() -> Image.Image:
    """Return rendered people of the demo set, each above its attributes."""
    roster = invent_roster(DEFAULT_SEED, DEMO_TRAIN_PIDS, DEMO_TEST_PIDS)
    looks = roster['train'] | roster['test']
    width, height = WIDTH * _ZOOM, HEIGHT * _ZOOM
    cell = (width + _GAP, height + _LINES * _LINE + 2 * _GAP)
    num_rows = -(-len(_PEOPLE) // _COLUMNS)
    image = Image.new('RGB', (cell[0] * _COLUMNS + _GAP, cell[1] * num_rows + _GAP // 2), 'white')
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(
        Path(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf'),
        14,
        layout_engine=ImageFont.Layout.BASIC,
    )
    for index, (pid, number) in enumerate(_PEOPLE):
        x = _GAP + index % _COLUMNS * cell[0]
        y = _GAP + index // _COLUMNS * cell[1]
        picture = Image.fromarray(np.ascontiguousarray(_photo(looks[pid], pid, number)))
        image.paste(picture.resize((width, height), Image.Resampling.BICUBIC), (x, y))
        for row, line in enumerate(caption(looks[pid])):
            middle = (x + width / 2, y + height + 6 + row * _LINE)
            draw.text(middle, line, _TEXT, font, anchor='ma')
    return image


def _photo(look: Look, pid: int, number: int) -> np.ndarray:
    """Take the first picture of an identity by a camera, (H, W, 3) uint8, RGB."""
    camera = CAMERAS[number - 1]
    scene = camera_scene(camera, DEFAULT_SEED)
    traits = sample_traits(DEFAULT_SEED, pid)
    return photograph(look, traits, pid, camera, scene, 0, DEFAULT_SEED)[..., ::-1]


def caption(look: Look) -> list[str]:
    """Return the attributes of a person in short lines."""
    upper, lower = '/'.join(look.upper), '/'.join(look.lower)
    lower_type = 'pants' if look.trousers else 'dress'
    carried = [name for name in ('hat', 'backpack', 'bag', 'handbag') if getattr(look, name)]
    return [
        f'{"female" if look.female else "male"}, {AGES[look.age]}',
        f'{"long" if look.long_hair else "short"} hair',
        f'{upper} top',
        f'{"short" if look.short_sleeves else "long"} sleeves',
        f'{"short" if look.short_lower else "long"} {lower} {lower_type}',
        ', '.join(carried),
    ]


def main(argv: list[str] | None = None) -> None:
    """Write all figures.

    Args:
        argv: arguments; None for those of this process.
    """
    parser = argparse.ArgumentParser(description='Write the figures of the README.')
    parser.add_argument(
        '--out', type=Path, default=Path(__file__).parent / 'images', help='default: %(default)s'
    )
    folder = parser.parse_args(argv).out
    folder.mkdir(parents=True, exist_ok=True)
    network, people = FIGURES
    (folder / network).write_text(network_svg(), encoding='utf-8', newline='\n')
    people_image().save(folder / people, quality=88, optimize=True)


if __name__ == '__main__':
    main()
