"""A prediction into a folder: it can be stopped at any moment, and goes on when started again."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from midattr_plugin.errors import InputError
from midattr_plugin.files import write_text
from midattr_plugin.folder_lock import locked
from midattr_plugin.predict.map_files import MAPS, write_maps
from midattr_plugin.predict.parts import Part, count_parts, read_parts, write_part
from midattr_plugin.predict.predictor import Prediction, Predictor
from midattr_plugin.predict.queries import Queries
from midattr_plugin.predict.ranked_files import write_ranked
from midattr_plugin.predict.report import REPORT, write_report
from midattr_plugin.predict.results import write_results
from midattr_plugin.predict.source import Source
from midattr_plugin.schema import AttributeSchema
from midattr_plugin.tables.attribute_name import COLUMNS

FACTS = 'prediction.json'
_PARTS = 'parts'
_PART = 512  # images, at least; what a kill costs at most
_SHOWN_ERRORS = 10


@dataclass(frozen=True)
class Pages:
    """What is drawn of a finished prediction, besides its report.

    Attributes:
        maps: of how many images, or tracks, the maps are drawn; None: as many as there are.
        queries: whom to search for; None for nobody.
        top: how many are found for each query.
    """

    maps: int | None = None
    queries: Queries | None = None
    top: int = 10


def predict_into(
    out: Path,
    source: Source,
    predictor: Predictor,
    strict: bool = False,
    pages: Pages | None = None,
) -> dict[str, int]:
    """Predict all pictures of a source, and write everything into a folder.

    Args:
        out: the folder, which is made. What an earlier prediction of the same pictures by the same
            model has left there is not done again, be it finished or stopped.
        source: the pictures.
        predictor: the model.
        strict: whether a picture that cannot be read ends it.
        pages: what is drawn of the results; None for the report alone.

    Returns:
        Numbers of images that were predicted and skipped, and of tracks.

    Raises:
        InputError: the folder belongs to another prediction or cannot be written, no picture can
            be read, or, if ``strict``, one cannot be; or a query cannot be ranked.
    """
    pages = pages or Pages()
    _check_names(predictor.schema)
    with locked(out, 'prediction'):
        facts = _facts(source, predictor)
        found = _claim(out, facts)
        if 'results' not in found:
            _predict_rest(out / _PARTS, source, predictor, strict)
            if not any(len(part.numbers) for part in read_parts(out / _PARTS)):
                shutil.rmtree(out / _PARTS)
                raise InputError(
                    f'none of the {len(source):,} pictures can be read; check the paths, the first '
                    'sentence says why'
                )
            found = facts | {'results': write_results(out, out / _PARTS, source, predictor.schema)}
            write_text(out / FACTS, _as_text(found))
        shutil.rmtree(out / _PARTS, ignore_errors=True)
        counts = found['results']
        total = counts['tracks'] if source.has_boxes else counts['predicted']
        maps = found.get('maps', 0) if pages.maps is None else pages.maps
        if found.get('maps') != maps or not (out / REPORT).exists():
            _draw_report(out, source, predictor, total, maps)
            write_text(out / FACTS, _as_text(found | {'maps': maps}))
        if pages.queries is not None:
            write_ranked(out, source, predictor, pages.queries, total, pages.top, maps > 0)
    return counts


def _draw_report(out: Path, source: Source, predictor: Predictor, total: int, maps: int) -> None:
    """Write the report; maps that an earlier one had are drawn anew."""
    if (out / MAPS).exists():
        shutil.rmtree(out / MAPS)
    write_report(
        out,
        source,
        predictor.schema,
        total,
        os.path.basename(predictor.path),
        bool(predictor.model.trained_on_rendered),
        write_maps(out, source, predictor, total, maps) if maps else {},
        predictor.knows_identities,
    )


def _check_names(schema: AttributeSchema | None) -> None:
    for attribute in schema or ():
        if attribute.name in COLUMNS:
            raise InputError(
                f'attribute "{attribute.name}" of these weights has the name of a column of the '
                'results; rename it in the table or schema, and train again'
            )


def _facts(source: Source, predictor: Predictor) -> dict[str, Any]:
    """Return what results depend on; they are continued only if it is the same."""
    digest = hashlib.sha256(Path(predictor.path).read_bytes()).hexdigest()
    return {
        'weights': os.path.basename(predictor.path),
        'weights_sha256': digest,
        'precision': predictor.precision,
        'flip': predictor.flip,
        'pictures': len(source),
        'pictures_sha256': source.digest(),
    }


def _claim(out: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Note in a folder what it is of, and return what is noted: 'results' of a finished prediction.

    Raises:
        InputError: it is of another prediction.
    """
    path = out / FACTS
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding='utf-8'))
            found = {'flip': False} | found  # which earlier versions did not know
            differing = [name for name in facts if found.get(name) != facts[name]]
        except (OSError, ValueError, AttributeError) as error:
            raise InputError(
                f'--out: "{path}" is damaged ({error}); choose another folder'
            ) from error
        if differing == ['flip']:
            had = 'with' if found['flip'] else 'without'
            raise InputError(
                f'--out: "{out}" holds a prediction {had} --flip; choose another folder, or '
                'delete it'
            )
        if differing:
            raise InputError(
                f'--out: "{out}" holds a prediction of other {_words(differing)}; choose another '
                'folder, or delete it'
            )
        return found
    if (out / _PARTS).exists():
        raise InputError(f'--out: "{out}" has results without {FACTS}; choose another folder')
    write_text(path, _as_text(facts))
    return facts


def _words(differing: list[str]) -> str:
    words = ('weights', 'precision', 'pictures')
    return ' and '.join(word for word in words if any(word in key for key in differing))


def _as_text(facts: dict[str, Any]) -> str:
    return json.dumps(facts, indent=2) + '\n'


def _predict_rest(parts: Path, source: Source, predictor: Predictor, strict: bool) -> None:
    done = sum(len(part) for part in read_parts(parts))
    bar = tqdm(total=len(source), initial=done, desc='predict', unit='image', dynamic_ncols=True)
    pending = _Pending(parts, done)
    skipped = 0
    with bar:
        for prediction, errors in predictor.outcomes(source.images(range(done, len(source)))):
            for offset, error in enumerate(errors):
                if error is None:
                    continue
                if strict:
                    raise error
                skipped += 1
                if skipped <= _SHOWN_ERRORS:
                    bar.write(f'skipped: {source[pending.next + offset]}: {error}')
                elif skipped == _SHOWN_ERRORS + 1:
                    bar.write('skipped: more; all are in skipped.csv')
            pending.add(prediction, errors)
            bar.update(len(errors))
        pending.write()


class _Pending:
    """What is not yet in a part."""

    def __init__(self, parts: Path, done: int):
        self.next = done
        self._folder, self._index = parts, count_parts(parts)
        self._clear()

    def _clear(self) -> None:
        self._predictions: list[Prediction] = []
        self._numbers: list[int] = []
        self._skipped: dict[int, str] = {}

    def add(self, prediction: Prediction, errors: list[InputError | None]) -> None:
        """Add a batch, and write a part if there is enough."""
        for error in errors:
            if error is None:
                self._numbers.append(self.next)
            else:
                self._skipped[self.next] = str(error)
            self.next += 1
        self._predictions.append(prediction)
        if len(self._numbers) + len(self._skipped) >= _PART:
            self.write()

    def write(self) -> None:
        """Write a part, if there is anything."""
        if not self._predictions:
            return
        names = self._predictions[0].probabilities
        part = Part(
            np.array(self._numbers, dtype=np.int64),
            np.concatenate([prediction.descriptors for prediction in self._predictions]),
            {
                name: np.concatenate(
                    [prediction.probabilities[name] for prediction in self._predictions]
                )
                for name in names
            },
            self._skipped,
        )
        write_part(self._folder, self._index, part)
        self._index += 1
        self._clear()
