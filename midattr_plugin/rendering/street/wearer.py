"""One person of the street: body, hair, clothes and bags, and the labels that follow from them."""

from dataclasses import dataclass, replace

import numpy as np

from midattr_plugin.rendering.cloth import Cloth
from midattr_plugin.rendering.look import LOWER_COLORS, UPPER_COLORS, Look
from midattr_plugin.rendering.palette import BAGS, GRAY_HAIR, SKIN, Color, mix
from midattr_plugin.rendering.seeds import generator
from midattr_plugin.rendering.street.shades import SHADES
from midattr_plugin.rendering.street.wardrobe import (
    BOTTOM_FREQUENCIES,
    BOTTOMS,
    HAIR_STYLES,
    HATS,
    LEG_CUTS,
    LONG_HAIR,
    SEASONS,
    TOP_COLORS,
    TOP_FREQUENCIES,
    TOPS,
    Weights,
    choose,
)

_ANY_COLOR = 0.09  # share of the garments in any shade, so that rare colors are learned, too
_ALIKE = 0.25  # share of the people dressed like somebody else in their street
_PATTERNS = {
    'plain': 0.66, 'stripes': 0.05, 'pinstripes': 0.03, 'checks': 0.06, 'print': 0.04, 'logo': 0.05,
    'band': 0.03, 'yoke': 0.04, 'sleeves': 0.04,
}  # fmt: skip
_SHARED = ('stripes', 'checks', 'print', 'yoke', 'sleeves')  # may have two colors, both labeled
_HAIR = {
    'black': (0.30, (24, 20, 20)), 'dark': (0.28, (28, 34, 46)), 'brown': (0.19, (36, 54, 80)),
    'light brown': (0.08, (62, 92, 128)), 'dark blond': (0.06, (92, 130, 160)),
    'blond': (0.06, (132, 174, 204)), 'red': (0.03, (36, 62, 128)),
}  # fmt: skip
_BLACK = np.array([20, 19, 20], np.float32)
_WHITE = np.array([238, 238, 238], np.float32)


@dataclass(frozen=True)
class Top:
    """A garment for the upper body."""

    kind: str
    cloth: Cloth
    colors: tuple[str, ...]  # its labels, with those that Market-1501 lacks
    hem: float
    bulk: float
    sleeve: float
    opens: bool
    inner: Color  # of what is under it
    hood: bool
    fur: Color | None  # of the rim of the hood
    collar: bool
    belt: bool
    flare: float  # of what hangs below the hips, about 1
    trim: Color | None  # of the hem


@dataclass(frozen=True)
class Bottom:
    """A garment for the lower body."""

    kind: str
    cloth: Cloth
    colors: tuple[str, ...]  # its labels, with those that Market-1501 lacks
    end: float
    cut: str
    tights: Color | None  # under a skirt


@dataclass(frozen=True)
class Hair:
    """Hair and what covers it."""

    style: str
    color: Color
    volume: float  # in [0, 1)
    length: float  # in [0, 1)
    fringe: float  # in [0, 1)
    thin: bool  # on the crown
    beard: bool
    hat: str | None
    hat_color: Color


@dataclass(frozen=True)
class Wearer:
    """Everything of a person that all pictures share. Shares and lengths are in [0, 1)."""

    look: Look
    skin: Color
    girth: float  # about 1
    shoulders: float  # about 1
    hips: float  # about 1
    legs: float  # about 0
    head: float  # about 1
    gait: float
    hair: Hair
    top: Top
    bottom: Bottom
    dress: bool  # top and bottom are one
    shoes: str  # sneakers, shoes, heels, boots or sandals
    shoe_color: Color
    gloves: bool
    scarf: Color | None
    bag_colors: tuple[Color, ...]  # backpack, shoulder bag, handbag
    bag_size: float
    bag_side: int  # 1 left, -1 right
    folds: tuple[int, int]


def sample_wearer(seed: int, pid: int, neighbors: int = 0) -> Wearer:
    """Sample a person.

    Args:
        seed: seed of the dataset.
        pid: identity number; negative for passers-by, who are none of the identities.
        neighbors: how many identities before this one live in the same street; some people are
            dressed like one of them (in what that one wears unless it is itself dressed so).
    """
    wearer = _sample_wearer(generator(seed, 'street wearer', pid))
    random = generator(seed, 'street double', pid)
    if not neighbors or random.random() >= _ALIKE:
        return wearer
    model = _sample_wearer(
        generator(seed, 'street wearer', pid - 1 - int(random.integers(neighbors)))
    )
    return _dressed_like(wearer, model, random)


def _dressed_like(wearer: Wearer, model: Wearer, random: np.random.Generator) -> Wearer:
    """Return ``wearer`` in clothes like those of ``model``, each with another cut and dye."""
    if model.dress and not wearer.look.female:
        return wearer
    top = replace(
        model.top,
        cloth=_dyed(model.top.cloth, random),
        hem=model.top.hem + random.uniform(-0.015, 0.015),
        bulk=model.top.bulk * random.uniform(0.8, 1.2),
    )
    if not BOTTOMS[model.bottom.kind].trousers and not wearer.look.female:
        bottom, dress = wearer.bottom, False
    else:
        bottom = replace(model.bottom, cloth=_dyed(model.bottom.cloth, random))
        dress = model.dress
    return _labeled(replace(wearer, top=top, bottom=bottom, dress=dress))


def _dyed(cloth: Cloth, random: np.random.Generator) -> Cloth:
    change = random.uniform(0.92, 1.08) + random.uniform(-0.02, 0.02, 3).astype(np.float32)
    return replace(
        cloth, base=np.clip(cloth.base * change, 0, 255).astype(np.float32), phase=random.random()
    )


def _sample_wearer(random: np.random.Generator) -> Wearer:
    season = choose(random, SEASONS)
    female = bool(random.random() < 0.5)
    age = int(choose(random, {'0': 0.05, '1': 0.3, '2': 0.51, '3': 0.14}))
    hair = _sample_hair(random, season, female, age)
    top = _sample_top(random, season, female)
    bottom = _sample_bottom(random, season, female)
    dress = female and random.random() < {'winter': 0.01, 'mild': 0.05, 'summer': 0.17}[season]
    if dress:
        top, bottom = _as_dress(random, top, bottom, season)
    carried = random.random(3) < (0.2, 0.17, 0.26 if female else 0.03)
    skin = SKIN[int(choose(random, {'0': 0.32, '1': 0.26, '2': 0.14, '3': 0.18, '4': 0.1}))]
    shoes = _sample_shoes(random, season, female)
    wearer = Wearer(
        look=Look(female=female, age=age, hat=hair.hat is not None),
        skin=(skin * random.uniform(0.70, 1.0) * random.uniform(0.96, 1.04, 3))
        .clip(0, 255)
        .astype(np.float32),
        girth=1 + float(np.clip(random.normal(0, 0.11), -0.18, 0.34)) + (0, -0.04, 0.03, 0.06)[age],
        shoulders=1 + float(np.clip(random.normal(0, 0.05), -0.1, 0.1)),
        hips=1 + float(np.clip(random.normal(0, 0.06), -0.12, 0.14)),
        legs=float(np.clip(random.normal(0, 0.014), -0.03, 0.03)),
        head=random.uniform(0.93, 1.08) * (1.22, 1.02, 1, 1)[age],
        gait=random.random(),
        hair=hair,
        top=top,
        bottom=bottom,
        dress=dress,
        shoes=shoes,
        shoe_color=_sample_shoe_color(random, shoes),
        gloves=season == 'winter' and random.random() < 0.3,
        scarf=_sample_scarf(random, season, female),
        bag_colors=tuple(BAGS[int(i)] for i in random.integers(len(BAGS), size=3)),
        bag_size=random.random(),
        bag_side=1 if random.random() < 0.5 else -1,
        folds=(int(random.integers(200)), int(random.integers(200))),
    )
    backpack, bag, handbag = map(bool, carried)
    look = replace(wearer.look, backpack=backpack, bag=bag, handbag=handbag)
    return _labeled(replace(wearer, look=look))


def _labeled(wearer: Wearer) -> Wearer:
    """Return the person with the labels that hair and clothes have in Market-1501.

    Of a garment in two colors, of which Market-1501 names one, that one is the label.
    """
    kind = BOTTOMS[wearer.bottom.kind]
    look = replace(
        wearer.look,
        long_hair=wearer.hair.style in LONG_HAIR,
        short_sleeves=wearer.top.sleeve < 0.62,
        short_lower=kind.short,
        trousers=kind.trousers,
        upper=tuple(c for c in UPPER_COLORS if c in wearer.top.colors),
        lower=tuple(c for c in LOWER_COLORS if c in wearer.bottom.colors),
    )
    return replace(wearer, look=look)


def _sample_hair(random: np.random.Generator, season: str, female: bool, age: int) -> Hair:
    style = choose(random, HAIR_STYLES[female])
    if style == 'bald' and age < 2:
        style = 'cropped'
    if age == 3 and not female and random.random() < 0.2:
        style = 'bald'
    name = choose(random, {name: weight for name, (weight, _) in _HAIR.items()})
    if female and age == 3 and random.random() < 0.35:
        style = 'short' if random.random() < 0.5 else 'full'
    if female and random.random() < 0.12:
        name = 'blond' if random.random() < 0.5 else 'dark blond'
    color = np.array(_HAIR[name][1], np.float32) * random.uniform(0.75, 1.25)
    if random.random() < (0, 0, 0.06, 0.75)[age]:
        color = mix(color, GRAY_HAIR[int(random.integers(len(GRAY_HAIR)))], random.uniform(0.5, 1))
    hatted = random.random() < {'winter': 0.12, 'mild': 0.05, 'summer': 0.07}[season]
    return Hair(
        style=style,
        color=np.clip(color, 0, 250).astype(np.float32),
        volume=random.random(),
        length=random.random(),
        fringe=random.random(),
        thin=not female and age > 1 and random.random() < (0.5 if age == 3 else 0.15),
        beard=not female and age > 0 and random.random() < 0.24,
        hat=choose(random, HATS[season]) if hatted else None,
        hat_color=SHADES[choose(random, TOP_COLORS['layer'])].sample(random),
    )


def _sample_top(random: np.random.Generator, season: str, female: bool) -> Top:
    name = choose(random, TOP_FREQUENCIES[season, female])
    kind = TOPS[name]
    cloth, colors = _sample_cloth(random, TOP_COLORS[kind.colors], _PATTERNS)
    if kind.quilted and cloth.pattern in ('plain', 'logo', 'pinstripes'):
        seam = mix(cloth.base, _BLACK, random.uniform(0.25, 0.55))
        cloth = replace(cloth, second=seam, pattern='stripes', scale=0.2 + 0.8 * random.random())
    hood = random.random() < kind.hood
    fur = np.array([88, 118, 140], np.float32) * random.uniform(0.3, 1.4)
    return Top(
        kind=name,
        cloth=cloth,
        colors=colors,
        hem=random.uniform(*kind.hem),
        bulk=random.uniform(*kind.bulk) * (0.85 if female else 1.05),
        sleeve=random.uniform(*kind.sleeve),
        opens=random.random() < kind.opening,
        inner=SHADES[choose(random, TOP_COLORS['light'])].sample(random),
        hood=hood,
        fur=fur.clip(0, 240) if hood and name != 'hoodie' and random.random() < 0.35 else None,
        collar=random.random() < kind.collar,
        belt=female and kind.hem[1] > 0.6 and random.random() < 0.35,
        flare=random.uniform(0.9, 2.8) if female else random.uniform(0.3, 1.2),
        trim=SHADES[choose(random, TOP_COLORS['light'])].sample(random)
        if random.random() < 0.08 and kind.hem[1] < 0.6
        else None,
    )


def _sample_bottom(random: np.random.Generator, season: str, female: bool) -> Bottom:
    name = choose(random, BOTTOM_FREQUENCIES[season, female])
    kind = BOTTOMS[name]
    patterns: Weights = {'plain': 0.84, 'seam': 0.03, 'checks': 0.02, 'cuffs': 0.02}
    if name == 'jeans':
        patterns = {'plain': 0.6, 'washed': 0.34, 'cuffs': 0.06}
    elif not kind.trousers:
        patterns = {'plain': 0.7, 'print': 0.12, 'checks': 0.1, 'stripes': 0.05, 'band': 0.03}
    cloth, colors = _sample_cloth(random, kind.colors, patterns)
    tights = None
    if (
        not kind.trousers
        and random.random() < {'winter': 0.95, 'mild': 0.6, 'summer': 0.05}[season]
    ):
        tights = _BLACK * random.uniform(0.9, 2.2)
    return Bottom(
        kind=name,
        cloth=cloth,
        colors=colors,
        end=random.uniform(*kind.end),
        cut=choose(random, kind.cuts or LEG_CUTS[female]),
        tights=tights,
    )


def _as_dress(
    random: np.random.Generator, top: Top, bottom: Bottom, season: str
) -> tuple[Top, Bottom]:
    """Return top and skirt of one dress."""
    kind = 'short skirt' if random.random() < 0.6 else 'long skirt'
    sleeve = random.uniform(0.02, 0.5) if season == 'summer' else random.uniform(0.8, 1)
    top = replace(
        top, kind='dress', hem=0.5, bulk=random.uniform(0.001, 0.006), sleeve=sleeve, opens=False,
        hood=False, fur=None, trim=None, belt=bool(random.random() < 0.3),
    )  # fmt: skip
    tights = bottom.tights if season != 'summer' else None
    end = random.uniform(*BOTTOMS[kind].end)
    cut = 'flared' if random.random() < 0.6 else 'slim'
    return top, Bottom(kind, top.cloth, top.colors, end, cut, tights)


def _sample_cloth(
    random: np.random.Generator, shades: Weights, patterns: Weights
) -> tuple[Cloth, tuple[str, ...]]:
    """Sample a cloth and its labels: of one color, or of two that both cover much of it."""
    if random.random() < _ANY_COLOR:
        shades = dict.fromkeys(SHADES, 1.0)
    first = SHADES[choose(random, shades)]
    base = first.sample(random)
    pattern = choose(random, patterns)
    other = SHADES[choose(random, dict.fromkeys(SHADES, 1.0))]
    second = other.sample(random)
    colors: tuple[str, ...] = (first.label,)
    if pattern in _SHARED and random.random() < 0.6:
        colors = (first.label, other.label)
    elif pattern in ('washed', *_SHARED, 'pinstripes'):
        # a tone of the same color, which leaves no doubt
        target = _WHITE if base.mean() < 110 or pattern == 'washed' else _BLACK
        second = mix(base, target, random.uniform(0.15, 0.4))
    cloth = Cloth(base, second, pattern, float(random.random()), float(random.random()))
    return cloth, colors


def _sample_scarf(random: np.random.Generator, season: str, female: bool) -> Color | None:
    share = {'winter': 0.20, 'mild': 0.06, 'summer': 0.0}[season] * (1.2 if female else 0.8)
    color = SHADES[choose(random, TOP_COLORS['layer'])].sample(random)
    return color if random.random() < share else None


def _sample_shoes(random: np.random.Generator, season: str, female: bool) -> str:
    if not female:
        return choose(random, {'sneakers': 0.52, 'shoes': 0.42, 'boots': 0.06})
    boots = 0.3 if season == 'winter' else 0.06
    sandals = 0.15 if season == 'summer' else 0.0
    weights = {'sneakers': 0.45, 'heels': 0.12, 'boots': boots, 'shoes': 0.15, 'sandals': sandals}
    return choose(random, weights)


def _sample_shoe_color(random: np.random.Generator, shoes: str) -> Color:
    tones: Weights = {'black': 0.62, 'brown': 0.2, 'camel': 0.06, 'charcoal': 0.05, 'beige': 0.07}
    if shoes == 'sneakers':
        tones = {
            'white': 0.3, 'black': 0.32, 'gray': 0.1, 'silver': 0.05, 'navy': 0.07,
            'beige': 0.06, 'brown': 0.05, 'red': 0.02, 'royal': 0.02, 'pink': 0.01,
        }  # fmt: skip
    return SHADES[choose(random, tones)].sample(random)
