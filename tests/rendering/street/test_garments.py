from dataclasses import replace

import numpy as np
import pytest

from midattr_plugin.rendering.canvas import Canvas, Light
from midattr_plugin.rendering.cloth import Cloth
from midattr_plugin.rendering.street.figure import Figure, Stance, View
from midattr_plugin.rendering.street.garments import Garments
from midattr_plugin.rendering.street.wearer import sample_wearer

_GRAY, _GREEN, _BLUE, _RED = (
    np.array(color, np.float32)
    for color in ((150, 150, 150), (10, 240, 10), (240, 10, 10), (10, 10, 240))
)
_BEHIND = np.pi


def _wearer(**changes):
    """Return a person with red skin in a green top and blue jeans, all of them plain."""
    wearer = sample_wearer(1, 1)
    top = replace(
        wearer.top, kind='sweater', cloth=_cloth(_GREEN), hem=0.52, bulk=0.008, sleeve=1.0,
        opens=False, inner=_BLUE, hood=False, fur=None, collar=False, belt=False, trim=None,
    )  # fmt: skip
    bottom = replace(
        wearer.bottom, kind='jeans', cloth=_cloth(_BLUE), end=0.96, cut='straight', tights=None
    )
    plain = replace(
        wearer, skin=_RED, top=top, bottom=bottom, dress=False, shoes='shoes', shoe_color=_GRAY,
        gloves=False, scarf=None,
    )  # fmt: skip
    return replace(plain, **changes)


def _cloth(base, second=_RED, pattern='plain', phase=0.3):
    return Cloth(base, second, pattern, 0.5, phase)


def _in_top(**changes):
    return _wearer(top=replace(_wearer().top, **changes))


def _in_bottom(shoes='shoes', **changes):
    return _wearer(bottom=replace(_wearer().bottom, **changes), shoes=shoes)


def _painted(wearer, *parts, yaw=0.0, arms=('down', 'down'), stride=0.05, **state):
    """Return which pixels (256, 128) are green, blue and red after painting some parts."""
    view = View(yaw, 0.0, 1e6, 64, 128, 230, 230)
    figure = Figure(wearer, Stance(np.pi / 2, stride, arms, 0.0, 0.0), view)
    canvas = Canvas(np.full((256, 128, 3), 128, np.float32), Light(0.0, 0.0, 0.0))
    garments = Garments(figure, **{'is_open': False, 'hood_up': False, **state})
    for part in parts:
        if part in ('arm', 'leg'):
            for name in 'lr':
                getattr(garments, f'paint_{part}')(canvas, name)
        else:
            getattr(garments, f'paint_{part}')(canvas)
    colors = canvas.pixels
    hues = [colors[..., i] > 1.5 * np.delete(colors, i, -1).max(-1) for i in (1, 0, 2)]
    return (*hues, figure)


def test_a_hem_ends_where_it_should():
    for hem in (0.5, 0.6, 0.8):
        green, _, _, figure = _painted(_in_top(hem=hem), 'trunk')
        low = np.flatnonzero(green.any(1)).max()
        assert low == pytest.approx(figure.px(figure.at(0, hem, 0))[1], abs=3)


def test_sleeves_of_another_color():
    wearer = _in_top(cloth=_cloth(_GREEN, _BLUE, 'sleeves'))
    green, blue, _, _ = _painted(wearer, 'trunk')
    assert green.any() and not blue.any()
    green, blue, _, _ = _painted(wearer, 'arm')
    assert blue.any() and not green.any()


@pytest.mark.parametrize('sleeve', [0.0, 0.3, 0.5, 0.54, 0.56, 0.8, 1.05])
def test_longer_sleeves_leave_less_skin(sleeve):
    covered, _, bare, _ = _painted(_in_top(sleeve=sleeve), 'arm')
    longer, _, less, _ = _painted(_in_top(sleeve=sleeve + 0.1), 'arm')
    assert covered.any() and bare.any()
    assert longer.sum() >= covered.sum() and less.sum() <= bare.sum()


def test_gloves_and_pockets_hide_hands():
    bare, gloved, pocketed = (
        _painted(_wearer(gloves=gloves), 'arm', arms=arms)[2]
        for gloves, arms in (
            (False, ('down', 'down')), (True, ('down', 'down')), (False, ('pocket', 'down'))
        )
    )  # fmt: skip
    assert bare[:, :64].sum() > 20 < bare[:, 64:].sum() and not gloved.any()
    # the left of the person is on the right of the picture
    assert pocketed[:, :64].any() and not pocketed[:, 64:].any()


def test_a_skirt_closes_the_gap_between_the_knees():
    for kind, closed in (('jeans', False), ('long skirt', True)):
        wearer = _in_bottom(kind=kind, end=0.85)
        _, blue, _, figure = _painted(wearer, 'leg', 'seat', yaw=np.pi / 2, stride=0.5)
        joints = figure.joints
        x, y = figure.px((joints['knee_l'] + joints['knee_r']) / 2).astype(int)
        assert blue[y, x] == closed


def test_tights_cover_the_skin_under_a_skirt():
    for tights, bare in ((None, True), (_GRAY, False)):
        _, _, red, _ = _painted(_in_bottom(kind='short skirt', end=0.65, tights=tights), 'leg')
        assert red.any() == bare


@pytest.mark.parametrize('cut, seen', [('slim', True), ('straight', False), ('wide', False)])
def test_boots_are_worn_over_slim_trousers_only(cut, seen):
    boots, shoes = (_painted(_in_bottom(shoes, cut=cut), 'leg')[1] for shoes in ('boots', 'shoes'))
    assert (boots.sum() < shoes.sum()) == seen


def test_seams_and_cuffs_of_trousers():
    for pattern in ('seam', 'cuffs'):
        _, blue, red, figure = _painted(_in_bottom(cloth=_cloth(_BLUE, _RED, pattern)), 'leg')
        knee = int(figure.px(figure.joints['knee_l'])[1])
        assert blue.any() and red[knee:].any()
        assert red[:knee].any() == (pattern == 'seam')


@pytest.mark.parametrize('phase, yaw', [(0.3, 0.0), (0.8, _BEHIND)])
def test_a_logo_is_on_one_side(phase, yaw):
    wearer = _in_top(cloth=_cloth(_GREEN, _RED, 'logo', phase))
    assert _painted(wearer, 'trunk', yaw=yaw)[2].any()
    assert not _painted(wearer, 'trunk', yaw=yaw + np.pi)[2].any()


@pytest.mark.parametrize('yaw', [0.0, np.pi / 2, _BEHIND])
def test_bands_and_trims_go_round(yaw):
    band = _painted(_in_top(cloth=_cloth(_GREEN, _RED, 'band')), 'trunk', yaw=yaw)[2]
    trim = _painted(_in_top(trim=_RED), 'trunk', yaw=yaw)[2]
    rows = [np.flatnonzero(red.any(1)) for red in (band, trim)]
    assert rows[0].max() < rows[1].min()  # on the chest, at the hem
    assert all(4 < len(found) < 30 for found in rows)


def test_what_is_under_an_open_top_is_seen_from_the_front():
    wearer = _in_top(opens=True)
    seen = [
        _painted(wearer, 'trunk', yaw=yaw, is_open=is_open)[1].any()
        for yaw, is_open in ((0.0, True), (0.0, False), (_BEHIND, True))
    ]
    assert seen == [True, False, False]
    assert not _painted(_wearer(), 'trunk', is_open=True)[1].any()  # a sweater does not open


def test_a_hood_hangs_on_the_back_unless_it_is_up():
    hooded = _in_top(hood=True, cloth=_cloth(_BLUE))
    down, up = (
        _painted(hooded, 'neck', yaw=_BEHIND, hood_up=hood_up)[1] for hood_up in (False, True)
    )
    assert down.sum() > 200 and not up.any()
    furred = _in_top(hood=True, fur=_RED, cloth=_cloth(_BLUE))
    assert not _painted(furred, 'neck', yaw=_BEHIND)[1].any()


@pytest.mark.parametrize('yaw', [0.0, np.pi / 2, _BEHIND])
def test_a_scarf_is_round_the_neck(yaw):
    with_scarf, without = (
        _painted(_wearer(scarf=scarf), 'trunk', 'neck', yaw=yaw)[1] for scarf in (_BLUE, None)
    )
    assert with_scarf.sum() > 200 and not without.any()
    assert with_scarf[120:].sum() == 0
