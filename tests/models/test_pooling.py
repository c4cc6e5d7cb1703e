"""Poolings of the global branch, alone and in the network."""

import pytest
import torch

from helpers import tiny_model
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.losses import MidAttrLoss
from midattr_plugin.models.pooling import POOLINGS, GeneralizedMean, Maximum, position_shares


def maps(seed=0, size=(3, 5, 4, 2)):
    """As behind a ReLU: half of the values are 0, and one channel has no others."""
    values = torch.randn(size, generator=torch.Generator().manual_seed(seed)).relu()
    values[1, 2] = 0
    return values


def plain_generalized_mean(values, p):
    """Position by position, in Python's floats."""
    return torch.tensor(
        [
            [
                (sum(max(float(x), 1e-6) ** p for x in channel) / len(channel)) ** (1 / p)
                for channel in image.flatten(1)
            ]
            for image in values
        ]
    )


@pytest.mark.parametrize('p', [1.0, 2.5, 3.0, 6.5])
def test_generalized_mean(p):
    pool = GeneralizedMean()
    torch.nn.init.constant_(pool.p, p)
    torch.testing.assert_close(pool(maps()), plain_generalized_mean(maps(), p))


def test_it_starts_at_3():
    assert torch.equal(GeneralizedMean().p, torch.tensor([3.0]))


def test_between_mean_and_maximum():
    pool, values = GeneralizedMean(), maps() + 0.1
    torch.nn.init.constant_(pool.p, 1)
    torch.testing.assert_close(pool(values), values.mean((2, 3)))
    torch.nn.init.constant_(pool.p, 400)
    torch.testing.assert_close(pool(values), values.amax((2, 3)), rtol=0.01, atol=0)


@pytest.mark.parametrize('scale', [1e-4, 1.0, 1e5])
@pytest.mark.parametrize('p', [3.0, 30.0])
def test_powers_outside_of_float32(p, scale):
    """1e5 ** 30 is none; nor is 1e-6 ** 30."""
    pool, values = GeneralizedMean(), (maps() * scale).requires_grad_()
    torch.nn.init.constant_(pool.p, p)
    pooled = pool(values)
    torch.testing.assert_close(
        pooled.detach(), plain_generalized_mean(values.detach(), p), rtol=1e-4, atol=0
    )
    pooled.sum().backward()
    assert values.grad.isfinite().all() and pool.p.grad.isfinite().all()


def test_gradients():
    pool = GeneralizedMean().double()
    values = maps().double().add(0.1).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, p: torch.func.functional_call(pool, {'p': p}, x), (values, pool.p)
    )


def test_maximum():
    assert Maximum()(maps()).tolist() == [
        [max(channel.flatten().tolist()) for channel in image] for image in maps()
    ]


@pytest.mark.parametrize('name', ['avg', 'gem', 'max'])
def test_shares_sum_to_what_is_pooled(name):
    pool = (POOLINGS[name] or (lambda: lambda x: x.mean((2, 3))))()
    values = maps()
    with torch.inference_mode():
        shares = position_shares(pool, values)
    expected = pool(values).detach()
    expected[1, 2] = 0  # 1e-6 of nothing stands nowhere
    torch.testing.assert_close(shares.sum((2, 3)), expected, rtol=1e-5, atol=1e-6)
    assert (shares >= 0).all() and shares.shape == values.shape


def test_a_share_of_a_generalized_mean():
    """x ** p of the sum of all, by hand."""
    values = torch.tensor([[[[1.0, 2.0]]]])
    shares = position_shares(GeneralizedMean(), values)
    torch.testing.assert_close(shares, ((1 + 8) / 2) ** (1 / 3) * torch.tensor([[[[1.0, 8]]]]) / 9)


@torch.no_grad()
@pytest.mark.parametrize('name', ['gem', 'max'])
def test_in_the_network(name):
    """pool5 and the global feature; the part branch and the weights are those of the mean."""
    plain = tiny_model.build(schema=MARKET1501, attribute_layer='pool5').eval()
    model = tiny_model.build(schema=MARKET1501, attribute_layer='pool5', pooling=name).eval()
    lacking = model.load_state_dict(plain.state_dict(), strict=False)
    assert lacking.missing_keys == (['pooling.p'] if name == 'gem' else [])
    images = tiny_model.images()
    output, before = (net(images, return_dict=True) for net in (model, plain))
    expected = model.pooling(model.layer_maps(images)['res5c'])
    assert torch.equal(output['features']['global'], expected)
    assert torch.equal(output['features']['local'], before['features']['local'])
    head = model.attribute_heads.heads['age']
    torch.testing.assert_close(output['attribute_logits']['age'], head(expected))


@pytest.mark.parametrize('options', [{'branches': ['local']}, {'pooling': 'avg'}])
def test_a_model_without_it(options):
    model = tiny_model.build(**{'pooling': 'gem'} | options)
    assert model.pooling is None and not any('pooling' in key for key in model.state_dict())


@pytest.mark.parametrize('layer', ['pool5', 'res5c'])
def test_attributes_alone(layer):
    """p is trained where an attribute reads what it pools; elsewhere there is none."""
    model = tiny_model.build(
        num_classes=0, schema=MARKET1501, attribute_layer=layer, loss='midattr', pooling='gem'
    )
    logits = model(tiny_model.images(), return_dict=True)['attribute_logits']
    torch.stack([x.square().sum() for x in logits.values()]).sum().backward()
    assert (model.pooling is not None) == (layer == 'pool5')
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


def test_it_is_a_new_layer_that_is_trained():
    model = tiny_model.build(pooling='gem')
    assert 'pooling' in model.new_layers
    output = model(tiny_model.images(), return_dict=True)
    MidAttrLoss()(output['identity_logits'], {}, torch.arange(4))['loss'].backward()
    assert model.pooling.p.grad.abs() > 0


@pytest.mark.parametrize('name', ['gem', 'max'])
@torch.no_grad()
def test_features_are_not_rounded(name):
    """Pooled in float32, of maps of 16 bits."""
    model, maps_16 = tiny_model.build(pooling=name).eval(), []
    model.layer4.register_forward_hook(lambda _, args, x: maps_16.append(x))
    with torch.autocast('cpu', torch.bfloat16):
        # larger maps: of 2 x 1 positions PyTorch 2.11 makes NaN on CPUs with AMX
        images = tiny_model.images(height=128, width=64)
        feature = model(images, return_dict=True)['features']['global']
    assert (feature.dtype, maps_16[0].dtype) == (torch.float32, torch.bfloat16)
    exact = model.pooling.double()(maps_16[0].double())
    torch.testing.assert_close(feature.double(), exact, rtol=1e-5, atol=1e-7)


def test_an_unknown_one():
    with pytest.raises(InputError, match='midattr.pooling: "mean" .* choose from avg, gem, max'):
        tiny_model.build(pooling='mean')
