"""Tiny datasets of noise in the layout of Market-1501 and DukeMTMC-reID."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
import scipy.io
from PIL import Image

from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501, DukeMTMCreIDAttr, Market1501Attr
from midattr_plugin.schema import AttributeSchema

ANNOTATIONS = {
    MARKET1501.name: Market1501Attr.annotations,
    DUKEMTMCREID.name: DukeMTMCreIDAttr.annotations,
}
"""Name of a schema -> the annotators' file."""

Fields = dict[str, int]
"""Name of a field of the .mat file -> label."""


def complete_fields(schema: AttributeSchema, seed: int = 0) -> Fields:
    """Return random labels of one identity, all of them known."""
    random = Random(seed)
    fields = {}
    for attribute in schema:
        label = random.randint(1, len(attribute.classes))
        if len(attribute.fields) == 1:
            fields[attribute.fields[0]] = label
        else:
            fields |= {name: 2 if i == label else 1 for i, name in enumerate(attribute.fields, 1)}
    return fields


def fields_by_identity(schema: AttributeSchema, pids: Iterable[int]) -> dict[int, Fields]:
    """Return labels with the traps of the real files: the first identity has no upper-body color,
    the second has two, the third has the value 0 in the schema's second field."""
    identities = {pid: complete_fields(schema, pid) for pid in pids}
    colors = schema['upper_color'].fields
    for position, fields in enumerate(identities.values()):
        if position == 0:
            fields |= dict.fromkeys(colors, 1)
        elif position == 1:
            fields |= dict.fromkeys(colors, 1) | dict.fromkeys(colors[1:3], 2)
        elif position == 2:
            fields[schema.attributes[1].fields[0]] = 0
    return identities


def expected_labels(schema: AttributeSchema, fields: Fields) -> tuple[int, ...]:
    """Return the class indices of one identity, -1 where unknown."""
    labels = []
    for attribute in schema:
        if len(attribute.fields) == 1:
            labels.append(fields[attribute.fields[0]] - 1)
        else:
            marked = [i for i, name in enumerate(attribute.fields) if fields[name] == 2]
            labels.append(marked[0] if len(marked) == 1 else -1)
    return tuple(labels)


def expected_marks(schema: AttributeSchema, fields: Fields) -> tuple[int, ...]:
    """Return the marks of the classes of one identity: 1, 0, or -1 where unknown."""
    marks = []
    for attribute in schema:
        if len(attribute.fields) == 1:
            label = fields[attribute.fields[0]]
            for number in range(1, len(attribute.classes) + 1):
                marks.append(-1 if label == 0 else int(label == number))
        else:
            marks += [{0: -1, 1: 0, 2: 1}[fields[name]] for name in attribute.fields]
    return tuple(marks)


def split_struct(identities: dict[int, Fields], field_order: Iterable[str]) -> dict:
    """Return one of the structs ``train`` and ``test``, as ``scipy.io.savemat`` takes it."""
    index = np.empty((1, len(identities)), object)
    index[0] = [f'{pid:04d}' for pid in identities]
    struct = {
        name: np.array([[fields[name] for fields in identities.values()]], np.uint8)
        for name in field_order
    }
    return struct | {'image_index': index}


def write_annotations(
    path: Path, schema: AttributeSchema, train: dict[int, Fields], test: dict[int, Fields]
) -> None:
    """Write the .mat file, with the fields of train and test in different orders."""
    names = sorted(field for attribute in schema for field in attribute.fields)
    scipy.io.savemat(
        path,
        {
            Path(ANNOTATIONS[schema.name].name).stem: {
                'train': split_struct(train, names),
                'test': split_struct(test, reversed(names)),
            }
        },
    )


def write_image(path: Path, seed: int = 0, size: tuple[int, int] = (16, 32)) -> None:
    """Write a JPEG of noise; ``size`` is (width, height) in pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)


def market_name(pid: int, camera: int, frame: int) -> str:
    return (
        f'{pid:04d}_c{camera}s1_{frame:06d}_01.jpg'
        if pid >= 0
        else f'{pid}_c{camera}s1_{frame:06d}_01.jpg'
    )


def duke_name(pid: int, camera: int, frame: int) -> str:
    return f'{pid:04d}_c{camera}_f{frame:07d}.jpg'


def write_market_tree(
    root: Path,
    train_ids: Iterable[int] = (2, 7, 11),
    test_ids: Iterable[int] = (1, 4),
    *,
    folder: str = 'market1501',
    cameras: Iterable[int] = (1, 2),
    shots: int = 2,
    distractors: bool = True,
    annotated: bool = True,
) -> Path:
    """Write ``root/<folder>/Market-1501-v15.09.15`` and return it.

    Every identity is seen by every camera: ``shots`` times in training and in the gallery,
    once as a query. The labels are those of ``fields_by_identity``.

    Args:
        distractors: add one background (0) and one junk (-1) image per camera to the gallery.
        annotated: put the .mat file beside the images.
    """
    data_dir = Path(root, folder, 'Market-1501-v15.09.15')
    _write_images(
        data_dir, market_name, train_ids, test_ids, cameras, shots, (0, -1) if distractors else ()
    )
    if annotated:
        write_annotations(
            data_dir / 'market_attribute.mat',
            MARKET1501,
            fields_by_identity(MARKET1501, train_ids),
            fields_by_identity(MARKET1501, test_ids),
        )
    return data_dir


def write_duke_tree(
    root: Path,
    train_ids: Iterable[int] = (1, 8),
    test_ids: Iterable[int] = (2, 7139),
    *,
    cameras: Iterable[int] = (1, 8),
    shots: int = 2,
    annotated: bool = True,
) -> Path:
    """Write ``root/dukemtmc-reid/DukeMTMC-reID`` in the same way and return it."""
    data_dir = Path(root, 'dukemtmc-reid', 'DukeMTMC-reID')
    _write_images(data_dir, duke_name, train_ids, test_ids, cameras, shots, ())
    if annotated:
        write_annotations(
            data_dir / 'duke_attribute.mat',
            DUKEMTMCREID,
            fields_by_identity(DUKEMTMCREID, train_ids),
            fields_by_identity(DUKEMTMCREID, test_ids),
        )
    return data_dir


def _write_images(
    data_dir: Path,
    name,
    train_ids: Iterable[int],
    test_ids: Iterable[int],
    cameras: Iterable[int],
    shots: int,
    distractors: Iterable[int],
) -> None:
    for camera in cameras:
        for shot in range(1, shots + 1):
            for folder, pids in (
                ('bounding_box_train', train_ids),
                ('bounding_box_test', test_ids),
            ):
                for pid in pids:
                    write_image(data_dir / folder / name(pid, camera, shot), pid * 100 + shot)
        for pid in test_ids:
            write_image(data_dir / 'query' / name(pid, camera, 0), pid * 100)
        for pid in distractors:
            write_image(data_dir / 'bounding_box_test' / name(pid, camera, 1))
