"""A page with the pictures and what the model says of them: one file, which opens offline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from midattr_plugin.errors import InputError
from midattr_plugin.files import atomic_path
from midattr_plugin.predict.finished import Answers
from midattr_plugin.predict.predictor import AnyImage, as_image
from midattr_plugin.predict.shown import Shown, shown_pictures
from midattr_plugin.predict.source import Source
from midattr_plugin.ranked import thumbnail
from midattr_plugin.schema import AttributeSchema

REPORT = 'report.html'
MOST_CARDS = 2000
RENDERED_NOTE = (
    'these weights were trained on rendered people, which a program has drawn; how often they are '
    'right about your photographs is not known'
)
ATTRIBUTES_NOTE = (
    'these weights know attributes alone; as they were never taught to tell people apart, there '
    'are no descriptors'
)


@dataclass(frozen=True)
class Card:
    """A picture on the page.

    Attributes:
        title: what it shows.
        thumbnail: a JPEG, as a data URL.
        answers: of the model.
        maps: where its maps are, relative to the page; '' for nowhere.
    """

    title: str
    thumbnail: str
    answers: Answers
    maps: str


def write_report(
    out: Path,
    source: Source,
    schema: AttributeSchema | None,
    total: int,
    weights: str,
    on_rendered: bool = False,
    maps: Mapping[int, str] | None = None,
    knows_identities: bool = True,
) -> None:
    """Write the page: a card per image, or per track where there are tracks.

    Of more than ``MOST_CARDS`` it shows as many, spread evenly, and says so.

    Args:
        out: folder of the results, in which it is put.
        source: the pictures.
        schema: attributes of the model; None without any.
        total: number of images, or of tracks.
        weights: name of the checkpoint, for the page.
        on_rendered: whether it was trained on rendered people, which the page then says.
        maps: number of a picture -> path of its maps, relative to ``out``.
        knows_identities: whether it was taught to tell people apart; if not, the page says so.
    """
    notes = [RENDERED_NOTE] * on_rendered + [ATTRIBUTES_NOTE] * (not knows_identities)
    shown = shown_pictures(out, source, schema, total, MOST_CARDS)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('midattr_plugin.predict'),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stream = environment.get_template(f'{REPORT}.j2').stream(
        what='track' if source.has_boxes else 'image',
        weights=weights,
        note='; '.join(notes),
        total=total,
        shown=len(shown),
        attributes=schema or (),
        cards=_cards(source, shown, maps or {}),
    )
    with atomic_path(out / REPORT) as temporary, temporary.open('w', encoding='utf-8') as file:
        for text in stream:
            file.write(text.encode('utf-8', 'backslashreplace').decode('utf-8'))


def _cards(source: Source, shown: Sequence[Shown], maps: Mapping[int, str]) -> Iterator[Card]:
    images = source.images([picture.number for picture in shown])
    for image, picture in zip(images, shown, strict=True):
        yield Card(
            picture.title,
            thumbnail_of(image),
            picture.answers,
            maps.get(picture.number, ''),
        )


def thumbnail_of(image: AnyImage | InputError) -> str:
    """Return a thumbnail; '' if the picture has gone in the meantime."""
    try:
        return thumbnail(as_image(image))
    except InputError:
        return ''
