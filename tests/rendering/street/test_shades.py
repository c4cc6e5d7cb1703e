import numpy as np
import pytest

from midattr_plugin.rendering.street.shades import SHADES


@pytest.mark.parametrize('name', SHADES)
def test_shade_is_what_a_person_calls_it(name):
    shade = SHADES[name]
    for seed in range(40):
        color = shade.sample(np.random.default_rng(seed))
        assert color.dtype == np.float32 and 0 <= color.min() <= color.max() <= 255
        blue, green, red = color
        spread = np.ptp(color)
        if shade.label == 'black':
            assert color.max() < 40
        elif shade.label in ('white', 'gray'):
            assert spread < 35
            assert color.mean() > 200 if shade.label == 'white' else 50 < color.mean() < 195
        elif shade.label == 'blue':
            assert blue == color.max() and spread > 10
        elif shade.label == 'green':
            assert green == color.max()
        elif shade.label in ('red', 'brown', 'orange', 'pink', 'yellow', 'beige'):
            assert red == color.max()
        elif shade.label == 'purple':
            assert green == color.min()


def test_named_colors_are_apart():
    """Jeans are not gray, and what is red in the dark is not black."""
    labels = {shade.label for shade in SHADES.values()}
    means = {
        label: np.mean(
            [
                shade.sample(np.random.default_rng(seed))
                for shade in SHADES.values()
                if shade.label == label
                for seed in range(20)
            ],
            axis=0,
        )
        for label in labels
    }
    gaps = [np.linalg.norm(means[a] - means[b]) for a in labels for b in labels if a < b]
    assert min(gaps) > 25
