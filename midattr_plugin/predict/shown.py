"""What is shown of a finished prediction: its images, or one of each track."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from midattr_plugin.predict.finished import Answers, image_rows, track_rows
from midattr_plugin.predict.source import Source
from midattr_plugin.ranked import spread
from midattr_plugin.schema import AttributeSchema


@dataclass(frozen=True)
class Shown:
    """A picture that is shown.

    Attributes:
        number: of the picture in the source.
        row: of ``attributes.csv``.
        title: what it shows.
        answers: of the model about the image, or about the whole track.
        track: number of the track; None for an image.
    """

    number: int
    row: int
    title: str
    answers: Answers
    track: int | None = None


def everything(out: Path, source: Source, schema: AttributeSchema | None) -> Iterator[Shown]:
    """Yield all images, or tracks where there are any, in the order of their table.

    Args:
        out: folder of the results.
        source: the pictures.
        schema: attributes of the model; None without any.
    """
    return (_tracks if source.has_boxes else _images)(out, source, schema)


def shown_pictures(
    out: Path, source: Source, schema: AttributeSchema | None, total: int, most: int
) -> list[Shown]:
    """Return the pictures to show, in the order of the source.

    Args:
        out: folder of the results.
        source: the pictures.
        schema: attributes of the model; None without any.
        total: number of images, or of tracks.
        most: of more images or tracks, as many are shown, spread evenly.
    """
    chosen = set(spread(total, most))
    shown = (one for row, one in enumerate(everything(out, source, schema)) if row in chosen)
    return sorted(shown, key=lambda picture: picture.number)


def _images(out: Path, source: Source, schema: AttributeSchema | None) -> Iterator[Shown]:
    for image in image_rows(out, source, schema):
        yield Shown(image.number, image.row, source[image.number].path, image.answers)


def _tracks(out: Path, source: Source, schema: AttributeSchema | None) -> Iterator[Shown]:
    """Of each track the middle one of the images that were read."""
    rows: dict[int | None, list[tuple[int, int]]] = {}
    for image in image_rows(out, source, schema):
        rows.setdefault(source[image.number].track, []).append((image.number, image.row))
    for facts in track_rows(out, schema):
        of_track = rows[facts.track]
        number, row = of_track[len(of_track) // 2]
        images = f'{facts.count} image' + 's' * (facts.count > 1)
        frames = f'frames {facts.first_frame} to {facts.last_frame}'
        title = f'track {facts.track}: {images}, {frames}'
        yield Shown(number, row, title, facts.answers, facts.track)
