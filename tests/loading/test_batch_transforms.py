"""Each transform of a batch against torchreid's transform of one image."""

import random

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy.stats import ks_2samp
from torchvision.transforms.functional import pil_to_tensor

from midattr_plugin import torchreid_compat
from midattr_plugin.loading import BatchTransform, color_jitter, random_patch
from midattr_plugin.loading.color_jitter import color_jitter as jitter
from midattr_plugin.loading.random_box import sample_places, sample_sizes
from midattr_plugin.loading.random_crop import random_crop
from midattr_plugin.loading.random_erase import random_erase
from midattr_plugin.loading.random_flip import random_flip
from midattr_plugin.loading.random_patch import RandomPatch

H, W = 32, 16


@pytest.fixture
def pictures():
    """24 smooth pictures (H, W, 3) of Pillow, no two alike, none symmetric."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 8, 4, 3), np.uint8)
    return [Image.fromarray(p).resize((W, H), Image.Resampling.BILINEAR) for p in pixels]


@pytest.fixture
def images(pictures):
    return torch.stack([pil_to_tensor(picture) for picture in pictures]).permute(0, 2, 3, 1)


def torchreid_transforms(names):
    random.seed(0)
    return torchreid_compat.data.transforms.build_transforms(H, W, names)[0]


def torchreids(images, names, count):
    """``count`` results of torchreid's transform, (count, 3, H, W)."""
    transform = torchreid_transforms(names)
    pictures = [Image.fromarray(image.numpy()) for image in images]
    return torch.stack([transform(pictures[i % len(pictures)].copy()) for i in range(count)])


def ours(images, names, count):
    transform = BatchTransform(names)
    rounds = -(-count // len(images))
    return torch.cat([transform(images.clone()) for _ in range(rounds)])[:count]


def alike(ours, theirs):
    """Whether two samples may have the same distribution; fixed seeds make this deterministic."""
    return ks_2samp(np.asarray(ours, float), np.asarray(theirs, float)).pvalue > 1e-3


def test_without_augmentation_pixels_equal_torchreids(images):
    result = ours(images, [], 24)
    torch.testing.assert_close(result, torchreids(images, [], 24), atol=1e-5, rtol=0)
    assert result.dtype == torch.float32 and result.shape == (24, 3, H, W)
    assert result.is_contiguous(memory_format=torch.channels_last)


def test_normalization_with_other_statistics(images):
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]
    transform, _ = torchreid_compat.data.transforms.build_transforms(H, W, [], mean, std)
    expected = torch.stack([transform(Image.fromarray(image.numpy())) for image in images])
    result = BatchTransform([], mean, std)(images)
    torch.testing.assert_close(result, expected, atol=1e-5, rtol=0)


def test_flip(images):
    before = images.clone()
    total = 0
    for _ in range(40):
        flipped = random_flip(before.clone())
        for old, new in zip(before, flipped, strict=True):
            assert torch.equal(new, old) or torch.equal(new, old.flip(1))
            total += torch.equal(new, old.flip(1))
    assert total / (40 * len(images)) == pytest.approx(0.5, abs=0.06)


def test_crops_are_pixels_of_torchreids_enlargement(images, pictures):
    enlarged = [
        np.asarray(p.resize((18, 36), Image.Resampling.BILINEAR)).astype(int) for p in pictures
    ]
    tops, lefts, kept = [], [], 0
    for _ in range(50):
        for old, new, large in zip(images, random_crop(images.clone()), enlarged, strict=True):
            if torch.equal(new, old):
                kept += 1
                continue
            difference, top, left = min(
                (np.abs(large[y : y + H, x : x + W] - new.numpy()).max(), y, x)
                for y in range(5)
                for x in range(3)
            )
            assert difference <= 2  # gray levels: the two round at different steps
            tops.append(top)
            lefts.append(left)
    assert kept / (50 * 24) == pytest.approx(0.5, abs=0.06)
    for places, room in ((tops, 4), (lefts, 2)):
        shares = np.bincount(places, minlength=room + 1) / len(places)
        # torchreid rounds a uniform number, so both ends are half as likely
        expected = np.array([0.5] + [1] * (room - 1) + [0.5]) / room
        np.testing.assert_allclose(shares, expected, atol=0.06)


def test_erased_boxes_are_distributed_like_torchreids(images):
    def boxes(results):
        fill = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
        erased = ((results - fill).abs() < 1e-6).all(1)
        heights, widths = erased.any(2).sum(1), erased.any(1).sum(1)
        assert torch.equal(heights * widths, erased.sum((1, 2)))  # a rectangle, filled
        first = erased.any(2).float().argmax(1)
        return [x.numpy() for x in (heights, widths, first)], (heights > 0).float().mean()

    mine, share = boxes(ours(images, ['random_erase'], 2400))
    theirs, expected_share = boxes(torchreids(images, ['random_erase'], 2400))
    assert share == pytest.approx(0.5, abs=0.04) and expected_share == pytest.approx(0.5, abs=0.04)
    assert all(alike(a, b) for a, b in zip(mine, theirs, strict=True))


def test_erasing_reaches_every_border(images):
    erased = torch.zeros(H, W, dtype=torch.bool)
    for _ in range(100):
        erased |= (random_erase(torch.zeros(24, H, W, 3), (1.0, 1.0, 1.0)) == 1).all(3).any(0)
    assert erased.all()


@pytest.mark.parametrize('contrast_first', [False, True])
def test_jitter_equals_pillow(images, pictures, monkeypatch, contrast_first):
    factors = {0.2: torch.linspace(0.8, 1.2, 24), 0.15: torch.linspace(1.15, 0.85, 24)}
    monkeypatch.setattr(color_jitter, '_factors', lambda count, spread: factors[spread])
    monkeypatch.setattr(
        torch, 'rand', lambda count: torch.full((count,), 0.9 - 0.8 * contrast_first)
    )
    result = jitter(images)
    for picture, new, bright, contrast in zip(
        pictures, result, factors[0.2], factors[0.15], strict=True
    ):
        steps = [(ImageEnhance.Brightness, bright), (ImageEnhance.Contrast, contrast)]
        for enhancer, factor in steps[::-1] if contrast_first else steps:
            picture = enhancer(picture).enhance(float(factor))
        # one gray level: float32 here, double there
        assert np.abs(np.asarray(picture).astype(int) - new.numpy()).max() <= 1


def test_jitter_is_distributed_like_torchreids(images):
    mine, theirs = (f(images, ['color_jitter'], 1200) for f in (ours, torchreids))
    for measure in (lambda x: x.mean((1, 2, 3)), lambda x: x.std((1, 2, 3))):
        assert alike(measure(mine), measure(theirs))


@pytest.mark.parametrize('areas, ratio', [((0.02, 0.4), 0.3), ((0.01, 0.5), 0.1)])
def test_sizes_and_places(areas, ratio):
    heights, widths = sample_sizes(4000, H, W, areas, ratio)
    assert heights.max() < H and widths.max() < W
    places = sample_places(heights, H)
    assert places.min() == 0 and (places + heights).max() == H
    theirs = torchreid_compat.data.transforms.RandomPatch(
        patch_min_area=areas[0], patch_max_area=areas[1], patch_min_ratio=ratio
    )
    random.seed(0)
    expected = [theirs.generate_wh(W, H) for _ in range(4000)]
    assert alike(widths, [w for w, _ in expected]) and alike(heights, [h for _, h in expected])


def test_sizes_where_nothing_fits():
    heights, widths = sample_sizes(5, 1, 1, (0.5, 0.9), 0.3)
    assert heights.tolist() == widths.tolist() == [0] * 5


def test_patches_come_from_other_images(monkeypatch):
    monkeypatch.setattr(random_patch, '_MIN_PATCHES', 5)
    images = torch.arange(40, dtype=torch.uint8)[:, None, None, None].expand(40, H, W, 3).clone()
    result = RandomPatch()(images.clone())
    changed = [i for i in range(40) if not torch.equal(result[i], images[i])]
    # the first five fill the pool; a rotated patch has black corners
    assert min(changed) >= 4 and 0.2 < len(changed) / 36 < 0.8
    for i in changed:
        values = set(result[i].unique().tolist()) - {i, 0}
        assert len(values) <= 1 and all(value <= i for value in values)


def test_a_patch_is_placed_like_by_pillow():
    generator = torch.Generator().manual_seed(1)
    images, patches = (
        torch.randint(1, 256, (6, H, W, 3), generator=generator, dtype=torch.uint8)
        for _ in range(2)
    )
    sizes = torch.tensor([[1, 1], [H - 1, W - 1], [7, 12], [30, 5], [9, 9], [20, 11]])
    places = torch.tensor([[H - 1, W - 1], [1, 0], [3, 2], [0, 4], [5, 5], [10, 1]])
    flipped, degrees = torch.tensor([0, 1, 1, 0, 0, 1]).bool(), torch.tensor([0, 0, 0, 10, -7, 4])
    result = random_patch.place_patches(images, patches, sizes, places, flipped, degrees)
    for i, ((h, w), (top, left)) in enumerate(zip(sizes.tolist(), places.tolist(), strict=True)):
        patch = Image.fromarray(patches[i, :h, :w].numpy())
        if flipped[i]:
            patch = patch.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        expected = Image.fromarray(images[i].numpy())
        expected.paste(patch.rotate(int(degrees[i])), (left, top))
        differing = (torch.from_numpy(np.array(expected)) != result[i]).any(-1)
        # where two pixels of a rotated patch are equally near, Pillow may choose the other one
        assert differing.sum() <= 0.02 * h * w * bool(degrees[i])


def test_patches_are_distributed_like_torchreids(images):
    names = ['random_patch']
    mine, theirs = ours(images, names, 2400)[1200:], torchreids(images, names, 2400)[1200:]
    plain = ours(images, [], 1200)
    changed = [((x - plain).abs() > 1e-4).any(1).sum((1, 2)) for x in (mine, theirs)]
    for x in changed:
        assert (x > 0).float().mean() == pytest.approx(0.5, abs=0.06)
    assert alike(changed[0][changed[0] > 0], changed[1][changed[1] > 0])


def test_a_seed_repeats_everything(images):
    names = ['random_flip', 'random_crop', 'random_patch', 'color_jitter', 'random_erase']
    results = []
    for _ in range(2):
        torch.manual_seed(4)
        results.append(ours(images, names, 200))
    assert torch.equal(*results)


def test_names_ignore_case_like_torchreids(images):
    torch.manual_seed(0)
    a = BatchTransform(['Random_Flip'])(images.clone())
    torch.manual_seed(0)
    assert torch.equal(a, BatchTransform(['random_flip'])(images.clone()))


@pytest.mark.parametrize('size', [0, 1])
def test_small_batches(size):
    names = ['random_flip', 'random_crop', 'random_patch', 'color_jitter', 'random_erase']
    for _ in range(5):
        assert BatchTransform(names)(torch.zeros(size, H, W, 3, dtype=torch.uint8)).shape == (
            size,
            3,
            H,
            W,
        )
