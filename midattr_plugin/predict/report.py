"""A page with the pictures and what the model says of them: one file, which opens offline."""

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.predict.parts import read_parts
from midattr_plugin.predict.predictor import AnyImage
from midattr_plugin.predict.source import Source, tracks_of
from midattr_plugin.predict.tracks import read_tracks
from midattr_plugin.schema import AttributeSchema

REPORT = 'report.html'
MOST_CARDS = 2000
RENDERED_NOTE = (
    'these weights were trained on rendered people, which a program has drawn; how often they are '
    'right about photographs is not known'
)
_THUMBNAIL = (96, 160)  # pixels at most


@dataclass(frozen=True)
class Card:
    """A picture on the page.

    Attributes:
        title: what it shows.
        thumbnail: a JPEG, as a data URL.
        answers: (attribute, class, probability in percent).
    """

    title: str
    thumbnail: str
    answers: list[tuple[str, str, int]]


def write_report(
    out: Path,
    parts: Path,
    source: Source,
    schema: AttributeSchema | None,
    weights: str,
    on_rendered: bool = False,
) -> None:
    """Write the page: a card per image, or per track where there are tracks.

    Of more than ``MOST_CARDS`` it shows as many, spread evenly, and says so.

    Args:
        out: its folder.
        parts: folder of the parts, which cover the source.
        source: the pictures.
        schema: attributes of the model; None without any.
        weights: name of the checkpoint, for the page.
        on_rendered: whether it was trained on rendered people, which the page then says.
    """
    wanted, total = (_tracks if source.has_boxes else _images)(parts, source)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('midattr_plugin.predict'),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stream = environment.get_template(f'{REPORT}.j2').stream(
        what='track' if source.has_boxes else 'image',
        weights=weights,
        note=RENDERED_NOTE if on_rendered else '',
        total=total,
        shown=len(wanted),
        attributes=schema or (),
        cards=_cards(source, wanted, schema),
    )
    with atomic_path(out / REPORT) as temporary, temporary.open('w', encoding='utf-8') as file:
        for text in stream:
            file.write(text.encode('utf-8', 'backslashreplace').decode('utf-8'))


Wanted = dict[int, tuple[str, dict[str, NDArray[np.float32]]]]
"""Number of a picture -> title of its card, and probabilities by attribute."""


def _images(parts: Path, source: Source) -> tuple[Wanted, int]:
    total = sum(len(part.numbers) for part in read_parts(parts))
    rows = set(np.linspace(0, total - 1, min(total, MOST_CARDS)).round().astype(int).tolist())
    wanted: Wanted = {}
    row = 0
    for part in read_parts(parts):
        for position, number in enumerate(part.numbers.tolist()):
            if row in rows:
                probabilities = {
                    name: values[position] for name, values in part.probabilities.items()
                }
                wanted[number] = source[number].path, probabilities
            row += 1
    return wanted, total


def _tracks(parts: Path, source: Source) -> tuple[Wanted, int]:
    tracks = read_tracks(parts, source)
    read = {number for part in read_parts(parts) for number in part.numbers.tolist()}
    wanted: Wanted = {}
    for track, numbers in list(tracks_of(source).items())[:MOST_CARDS]:
        numbers = [number for number in numbers if number in read]
        if not numbers:
            continue
        boxes = [source[number].box for number in (numbers[0], numbers[-1])]
        first, last = (box.frame for box in boxes if box is not None)
        images = f'{len(numbers)} image' + 's' * (len(numbers) > 1)
        title = f'track {track}: {images}, frames {first} to {last}'
        wanted[numbers[len(numbers) // 2]] = title, tracks[track].probabilities()
    return dict(sorted(wanted.items())), len(tracks)


def _cards(source: Source, wanted: Wanted, schema: AttributeSchema | None) -> Iterator[Card]:
    images = source.images(list(wanted))
    for image, (title, probabilities) in zip(images, wanted.values(), strict=True):
        yield Card(title, _thumbnail(image), _answers(probabilities, schema))


def _answers(
    probabilities: Mapping[str, NDArray[np.float32]], schema: AttributeSchema | None
) -> list[tuple[str, str, int]]:
    answers = []
    for attribute in schema or ():
        values = probabilities[attribute.name]
        best = int(values.argmax())
        answers.append((attribute.name, attribute.classes[best], round(100 * float(values[best]))))
    return answers


def _thumbnail(image: AnyImage | InputError) -> str:
    """Return a small JPEG; '' if the picture has gone in the meantime."""
    try:
        if isinstance(image, InputError):
            raise image
        opened = image if isinstance(image, Image.Image) else read_image(image)  # type: ignore[arg-type]
    except InputError:
        return ''
    opened = opened.convert('RGB')
    opened.thumbnail(_THUMBNAIL)
    buffer = io.BytesIO()
    opened.save(buffer, 'JPEG', quality=80)
    return 'data:image/jpeg;base64,' + base64.b64encode(buffer.getvalue()).decode()
