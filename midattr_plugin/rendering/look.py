"""The annotated attributes of one person, in the form that the renderer needs.

Labels are those of Market-1501-Attribute; a class index is the label minus one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from midattr_plugin.datasets import MARKET1501

UPPER_COLORS = MARKET1501['upper_color'].classes
LOWER_COLORS = MARKET1501['lower_color'].classes
AGES = MARKET1501['age'].classes

# field of the annotation file -> field of Look that is true where the label is 2
FLAGS = {
    'gender': 'female',
    'hair': 'long_hair',
    'up': 'short_sleeves',
    'down': 'short_lower',
    'clothes': 'trousers',
    'hat': 'hat',
    'backpack': 'backpack',
    'bag': 'bag',
    'handbag': 'handbag',
}
FIELDS = tuple(field for attribute in MARKET1501 for field in attribute.fields)


@dataclass(frozen=True)
class Look:
    """The 12 attributes of one identity.

    ``age`` is an index into AGES. ``upper`` and ``lower`` name the colors that are
    labeled 'yes': usually one, none where the color is unknown, several where the
    garment is multi-colored.
    """

    female: bool = False
    long_hair: bool = False
    short_sleeves: bool = False
    short_lower: bool = False
    trousers: bool = True
    hat: bool = False
    backpack: bool = False
    bag: bool = False
    handbag: bool = False
    age: int = 2
    upper: tuple[str, ...] = ('blue',)
    lower: tuple[str, ...] = ('gray',)


def look_from_fields(fields: Mapping[str, int]) -> Look:
    """Return the look with the given labels, field name -> label (counted from 1)."""
    return Look(
        **{flag: int(fields[field]) == 2 for field, flag in FLAGS.items()},
        age=min(max(int(fields['age']), 1), len(AGES)) - 1,
        upper=tuple(c for c in UPPER_COLORS if int(fields[f'up{c}']) == 2),
        lower=tuple(c for c in LOWER_COLORS if int(fields[f'down{c}']) == 2),
    )


def look_to_fields(look: Look) -> dict[str, int]:
    """Return the labels of a look in the order of FIELDS; inverse of :func:`look_from_fields`."""
    labels = {field: 1 + bool(getattr(look, flag)) for field, flag in FLAGS.items()}
    labels['age'] = look.age + 1
    labels |= {f'up{c}': 1 + (c in look.upper) for c in UPPER_COLORS}
    labels |= {f'down{c}': 1 + (c in look.lower) for c in LOWER_COLORS}
    return {field: labels[field] for field in FIELDS}


def describe(look: Look) -> str:
    """Return a caption for the contact sheet, e.g. 'F, teenager, long hair, ...'."""
    words = ['F' if look.female else 'M', AGES[look.age]]
    words.append('long hair' if look.long_hair else 'short hair')
    words += [name for name in ('hat', 'backpack', 'bag', 'handbag') if getattr(look, name)]
    upper = '+'.join(look.upper) or 'unknown'
    lower = '+'.join(look.lower) or 'unknown'
    words.append(f'{upper} {"short" if look.short_sleeves else "long"} sleeves')
    kind = 'trousers' if look.trousers else 'dress'
    words.append(f'{lower} {"short" if look.short_lower else "long"} {kind}')
    return ', '.join(words)
