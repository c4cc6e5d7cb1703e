"""Results of one evaluation, as ``metrics.json`` holds them."""

import dataclasses
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from midattr_plugin.errors import InputError
from midattr_plugin.files import write_text
from midattr_plugin.metrics.binary_scores import INSTANCE_SCORES, LABEL_SCORES
from midattr_plugin.user_path import user_path

FORMAT_VERSION = 3
RANKS = (1, 5, 10, 20)
REID_SCORES = (*(f'rank-{rank}' for rank in RANKS), 'mAP', 'mAP_zheng2015')
"""Names of the scores of a descriptor; results of earlier versions lack the last one."""
_OLD_SPELLING = 'colour'  # of attribute names in files without a version


@dataclass
class Results:
    """Scores of one model; all are fractions in [0, 1].

    Attributes:
        epoch: number of epochs trained.
        reid: target -> descriptor -> one of ``REID_SCORES`` -> value. The
            descriptor that the model returns comes first.
        attributes: target -> attribute or 'average' -> score; see
            :func:`~midattr_plugin.metrics.score_attribute`.
        attributes_binary: target -> 'labels' (by name), 'mean' and 'instance' -> score, and
            'left_out' (names); see :func:`~midattr_plugin.engine.binary_view.binary_view`.
        at_floor: target -> attribute -> why its scores show nothing learned; see
            :func:`~midattr_plugin.metrics.attribute_floor.floor_reason`.
        confusion: target -> attribute -> 'classes' (c,) and 'counts' (c, c), true x predicted.
        rendered: target -> whether its images are rendered, not real.
        rendered_as: source or target -> by what recipe its images were rendered, in one line.
        parameters: number of weights of the model.
        multiply_adds: of the forward pass of one training image.
        knows_identities: False for a model of attributes alone, which was never taught to tell
            people apart; None for all others.
        started_from: what the training started from: 'pretrained' or 'random' weights, or a file.
        ranked_as: what was done to the rankings, e.g. 'expanded (k 5, alpha 3), re-ranked'; None if
            they are by the distances of the descriptors.
        reid_plain: as ``reid``, without what was done to the rankings; None if nothing was.
        test_flip: True if each image was tested together with its mirror image; None if not.
        query_scores_sha256: digest of the file with the scores of each query, which was written
            together with the results; None: without one.
        validation_identities: scores of the descriptor on held-out identities, with the numbers of
            'identities', 'queries' and 'gallery' images; None if none are held out.
        chosen_on: on what the tested epoch was chosen; see :mod:`midattr_plugin.engine.chosen_on`.
        extra: further measurements by name; see :mod:`midattr_plugin.engine.measurements`.
    """

    epoch: int = 0
    reid: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    attributes: dict[str, dict[str, dict[str, float | None]]] = field(default_factory=dict)
    attributes_binary: dict[str, dict[str, Any]] = field(default_factory=dict)
    at_floor: dict[str, dict[str, str]] = field(default_factory=dict)
    confusion: dict[str, dict[str, dict[str, list]]] = field(default_factory=dict)
    rendered: dict[str, bool] = field(default_factory=dict)
    rendered_as: dict[str, str] = field(default_factory=dict)
    parameters: int | None = None
    multiply_adds: int | None = None
    knows_identities: bool | None = None
    started_from: str | None = None
    ranked_as: str | None = None
    reid_plain: dict[str, dict[str, dict[str, float]]] | None = None
    test_flip: bool | None = None
    query_scores_sha256: str | None = None
    validation_identities: dict[str, float] | None = None
    chosen_on: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def field_names(cls) -> list[str]:
        """Return the names of the fields, besides those of ``extra``."""
        return [field.name for field in dataclasses.fields(cls) if field.name != 'extra']

    def mean_mAP(self, descriptor: str) -> float | None:
        """Return the mAP of a descriptor, averaged over the targets; None if none is ranked."""
        return _mean(scores[descriptor]['mAP'] for scores in self.reid.values())

    def overall_balanced_accuracy(self) -> float | None:
        """Return the balanced accuracy, averaged over attributes and then over targets."""
        values = map(self.mean_balanced_accuracy, self.attributes)
        return _mean(value for value in values if value is not None)

    def mean_balanced_accuracy(self, target: str) -> float | None:
        """Return the balanced accuracy, averaged over the attributes; None without labels."""
        return self.attributes.get(target, {}).get('average', {}).get('balanced_accuracy')

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python values, with the members of ``extra`` beside the other fields."""
        fields = {
            name: getattr(self, name)
            for name in self.field_names()
            if getattr(self, name) is not None
        }
        return plain_numbers({'format_version': FORMAT_VERSION, **fields, **self.extra})

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> 'Results':
        """Return the results that :meth:`as_dict` gave, also those of older versions.

        Raises:
            InputError: the content is of a newer version.
        """
        content = dict(content)
        version = content.pop('format_version', 1)
        if version > FORMAT_VERSION:
            raise InputError(
                f'results have the format version {version}, but this version of midattr_plugin '
                f'reads up to {FORMAT_VERSION}; update it'
            )
        if version == 1:
            content = _american(content)
        if version < 3:
            content = _with_balanced_accuracy(content)
        names = cls.field_names()
        own = {name: value for name, value in content.items() if name in names}
        extra = {name: value for name, value in content.items() if name not in names}
        return cls(**own, extra=extra)

    def text(self) -> str:
        """Return the content of a JSON file."""
        return json.dumps(self.as_dict(), indent=2) + '\n'

    def write(self, path: str | os.PathLike) -> None:
        """Write a JSON file, all of it or nothing.

        Raises:
            InputError: the file cannot be written.
        """
        write_text(user_path(path, 'results'), self.text())

    @classmethod
    def read(cls, path: str | os.PathLike) -> 'Results':
        """Read what :meth:`write` wrote.

        Raises:
            InputError: there is no such file, or it holds something else.
        """
        path = user_path(path, 'results')
        try:
            content = json.loads(Path(path).read_text(encoding='utf-8'))
        except OSError as error:
            raise InputError(
                f'results "{path}" cannot be read ({error.strerror}); name a metrics.json'
            ) from error
        except ValueError as error:
            raise InputError(
                f'results "{path}" are broken ({error}); run the test again to make them anew'
            ) from error
        try:
            results = cls.from_dict(content)
            _check_scores(results)
        except InputError as error:
            raise InputError(f'results "{path}": {error}') from error
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            content = None
        if not isinstance(content, dict) or 'reid' not in content:
            raise InputError(
                f'results "{path}" hold no reid scores, or damaged ones; name a metrics.json of '
                'this project, or run the test again'
            )
        return results


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return sum(values) / len(values) if values else None


def _check_scores(results: Results) -> None:
    """Check what a report takes from results.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: something is missing or of another kind.
    """
    for target, descriptors in results.reid.items():
        if not descriptors or type(results.rendered.get(target, False)) is not bool:
            raise ValueError(target)
        for scores in descriptors.values():
            _check_numbers([scores['mAP'], *scores.values()])
    for attributes in results.attributes.values():
        for by_name in attributes.values():
            _check_numbers(by_name.values())
    for view in results.attributes_binary.values():
        by_label = [view['mean'], *view['labels'].values()]
        numbers = [scores[name] for scores in by_label for name in LABEL_SCORES]
        numbers += [view['instance'][name] for name in INSTANCE_SCORES]
        if None in numbers:
            raise ValueError('attributes_binary')
        _check_numbers(numbers)
    for confusions in results.confusion.values():
        for confusion in confusions.values():
            names, counts = confusion['classes'], confusion['counts']
            if [len(row) for row in counts] != [len(names)] * len(names):
                raise ValueError('counts')
            _check_numbers([number for row in counts for number in row])
    for words in (results.rendered_as, *results.at_floor.values()):
        if not all(isinstance(word, str) for pair in words.items() for word in pair):
            raise ValueError(words)
    _check_numbers([results.parameters, results.multiply_adds])
    _check_numbers((results.validation_identities or {}).values())
    if results.knows_identities not in (None, True, False):
        raise ValueError('knows_identities')
    for word in (results.started_from, results.chosen_on, results.query_scores_sha256):
        if not isinstance(word, (str, type(None))):
            raise ValueError(word)


def _check_numbers(values: Iterable[float | None]) -> None:
    for value in values:
        if value is not None and (type(value) not in (int, float) or not math.isfinite(value)):
            raise ValueError(value)


def plain_numbers(value: Any) -> Any:
    """Return ``value`` with NumPy's numbers as Python's, recursively.

    A float32 becomes the shortest decimal that stands for it: 0.8656, not 0.8655999898910522.
    """
    if isinstance(value, np.floating) and not isinstance(value, float):  # not a float64
        return float(np.format_float_scientific(value))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: plain_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_numbers(item) for item in value]
    return value


def _with_balanced_accuracy(content: dict[str, Any]) -> dict[str, Any]:
    """Return content with the name that balanced accuracy has from version 3 on; it was mA."""
    names = {'mA': 'balanced_accuracy'}
    reasons = {'mA at chance': 'balanced accuracy at chance'}
    return content | {
        'attributes': {
            target: {
                attribute: {names.get(name, name): value for name, value in scores.items()}
                for attribute, scores in attributes.items()
            }
            for target, attributes in content.get('attributes', {}).items()
        },
        'at_floor': {
            target: {name: reasons.get(reason, reason) for name, reason in floors.items()}
            for target, floors in content.get('at_floor', {}).items()
        },
    }


def _american(value: Any) -> Any:
    """Spell keys as they are spelled from version 2 on: ``upper_colour`` is ``upper_color``."""
    if isinstance(value, dict):
        return {key.replace(_OLD_SPELLING, 'color'): _american(item) for key, item in value.items()}
    return value
