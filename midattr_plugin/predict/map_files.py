"""A picture of the maps of attributes for each of some pictures."""

from pathlib import Path

from tqdm import tqdm

from midattr_plugin.errors import InputError
from midattr_plugin.explain.map_drawing import draw_maps
from midattr_plugin.files import atomic_path
from midattr_plugin.predict.predictor import Predictor, as_image
from midattr_plugin.predict.shown import shown_pictures
from midattr_plugin.predict.source import Source

MAPS = 'maps'


def write_maps(
    out: Path, source: Source, predictor: Predictor, total: int, most: int
) -> dict[int, str]:
    """Draw where each attribute was seen, and return number of a picture -> path of its drawing.

    The drawings are ``maps/<row>.png``, by the row of ``attributes.csv``; captions are what is said
    of the image, not of its track. A picture that cannot be read any more has none.

    Args:
        out: folder of the results, to which the paths are relative.
        source: the pictures.
        predictor: the model.
        total: number of images, or of tracks.
        most: of more images or tracks, as many are drawn, spread evenly.

    Raises:
        InputError: the model has no attributes, or a drawing cannot be written.
    """
    if predictor.schema is None:
        raise InputError('--maps: these weights have no attributes; leave it out')
    shown = shown_pictures(out, source, predictor.schema, total, most)
    images = source.images([picture.number for picture in shown])
    paths = {}
    bar = tqdm(
        zip(shown, images, strict=True), 'maps', len(shown), unit='image', dynamic_ncols=True
    )
    for picture, given in bar:
        try:
            image = as_image(given)
        except InputError:
            continue
        maps = {name: values[0] for name, values in predictor.explain(image).items()}
        prediction = predictor(image)
        captions = []
        for name in maps:
            values = prediction.probabilities[name][0]
            captions.append(f'{prediction.attributes[0][name]} {100 * values.max():.0f} %')
        paths[picture.number] = f'{MAPS}/{picture.row:06d}.png'
        with atomic_path(out / paths[picture.number]) as temporary:
            draw_maps(image, maps, captions).save(temporary, 'PNG')
    return paths
