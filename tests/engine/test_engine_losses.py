"""The losses beyond the paper, as the engine makes and logs them."""

import pytest
import torch

import midattr_plugin
from helpers.fake_market import write_duke_tree, write_market_tree
from helpers.tiny_engine import batch, build
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.engine.measurements import task_weights
from midattr_plugin.errors import InputError
from midattr_plugin.losses import (
    CLASSIFIERS,
    METRIC_LOSSES,
    ClassBalancedLoss,
    FocalLoss,
    MidAttrLoss,
    TaskUncertainty,
)

ATTRIBUTES = MARKET1501.names


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    write_duke_tree(root, test_ids=(2, 6, 11, 7139))
    return root


def test_class_weights_are_of_the_training_images(root):
    """Counted one image at a time, under the model's schema."""
    engine = build(
        root,
        ['market1501_attr', 'dukemtmcreid_attr'],
        'market1501_attr',
        model='midattr_tiny_market_duke',
        attribute_loss='class_balanced',
        loss_options={'beta': 0.9},
    )
    dataset, loss = engine.train_loader.dataset, engine.criterion.attribute_loss
    assert isinstance(loss, ClassBalancedLoss)
    for attribute in engine.model.schema:
        counts = dict.fromkeys(attribute.classes, 0)
        for path, *_ in dataset.data:
            label = dict(zip(dataset.schema.names, dataset.labels_by_path[path], strict=True))[
                attribute.name
            ]
            if label >= 0:
                counts[dataset.schema[attribute.name].classes[label]] += 1
        raw = [0.1 / (1 - 0.9**n) if n else 0 for n in counts.values()]
        occurring = sum(n > 0 for n in counts.values())
        assert 0 < sum(counts.values()) <= len(dataset.data)
        assert loss.weights(attribute.name).tolist() == pytest.approx(
            [weight * occurring / sum(raw) for weight in raw], rel=1e-5
        )
    summary = engine.forward_backward(batch(engine))
    assert {'loss_age', 'loss_boots'} <= set(summary)


def test_focal_loss_of_the_attributes(root):
    data = batch(build(root))
    plain = build(root).forward_backward(data)
    engine = build(root, attribute_loss='focal', loss_options={'gamma': 1.5})
    assert isinstance(engine.criterion.attribute_loss, FocalLoss)
    assert engine.criterion.attribute_loss.gamma == 1.5
    summary = engine.forward_backward(data)
    assert all(
        0 < summary[f'loss_{a}'] < plain[f'loss_{a}'] for a in ATTRIBUTES if plain[f'loss_{a}']
    )


@pytest.mark.parametrize('loss', ['class_balanced', 'focal'])
def test_attribute_losses_without_attributes(root, loss):
    engine = build(root, model='midattr_tiny', attribute_loss=loss)
    assert set(engine.forward_backward(batch(engine))) == {
        'loss',
        'loss_global',
        'loss_local',
        'acc_global',
        'acc_local',
    }


def test_unknown_attribute_loss(root):
    with pytest.raises(
        InputError, match='midattr.attribute_loss: unknown .*plain, class_balanced, focal'
    ):
        build(root, attribute_loss='balanced')


@pytest.mark.parametrize('name', METRIC_LOSSES)
def test_metric_losses_are_logged_and_train(root, name):
    data = batch(build(root))
    data['pid'] = torch.arange(8) // 2
    engine = build(root, triplet_weight=2.0, metric_loss=METRIC_LOSSES[name]())
    summary = engine.forward_backward(data)
    plain = build(root).forward_backward(data)
    names = ['loss_triplet_global', 'loss_triplet_local']
    assert [name for name in summary if name not in plain] == names
    assert summary['loss'] == pytest.approx(
        plain['loss'] + 2 * sum(summary[name] for name in names), rel=1e-4
    )


@pytest.mark.parametrize('name', ['cosface', 'arcface', 'circle'])
def test_margins_of_the_identities(root, name):
    """They are trained with the margin and classified without it."""
    engine = build(
        root,
        model_options={'loss': 'midattr', 'classifier': 'cosine'},
        margin_softmax=CLASSIFIERS[name](9.0, 0.2),
    )
    data, before = batch(engine), engine.model.classifier.weight.clone()
    engine.set_model_mode('train')
    summary = engine.forward_backward(data)
    assert summary['loss_global'] > 0 and not torch.equal(engine.model.classifier.weight, before)
    engine.set_model_mode('eval')
    with torch.no_grad():
        logits, *_ = engine.classify(data)
        feature = engine.model(data['img'], return_dict=True)['features']['global']
    torch.testing.assert_close(logits['global'], 9 * engine.model.classifier(feature))


@pytest.mark.parametrize(
    'options, message',
    [
        (
            {'model_options': {'loss': 'midattr', 'classifier': 'cosine'}},
            'gives cosines, .* has no',
        ),
        ({'margin_softmax': CLASSIFIERS['arcface']()}, 'gives logits, but the criterion has a mar'),
    ],
)
def test_model_and_criterion_that_do_not_fit(root, options, message):
    with pytest.raises(ValueError, match=message):
        build(root, **options)


def test_a_triplet_loss_of_one_identity(root):
    """Refused before anything is computed."""
    engine = build(root, triplet_weight=2.0)
    data, before = batch(engine), engine.model.layer1[0].weight.clone()
    data['pid'].fill_(3)
    with pytest.raises(InputError, match='a batch of 8 images of one identity has no triplet'):
        engine.forward_backward(data)
    assert torch.equal(engine.model.layer1[0].weight, before)
    build(root).forward_backward(data)  # without that loss it is a batch like any other


def test_learned_weights_of_the_tasks(root):
    engine = build(root)
    uncertainty = TaskUncertainty(['global', 'local', *ATTRIBUTES])
    criterion = MidAttrLoss(task_uncertainty=uncertainty)
    arguments = engine.datamanager, engine.model, engine.optimizer
    with pytest.raises(ValueError, match='param_groups'):
        midattr_plugin.ImageMidAttrEngine(*arguments, use_gpu=False, criterion=criterion)
    [group] = criterion.param_groups()
    engine.optimizer.add_param_group(group)
    engine = midattr_plugin.ImageMidAttrEngine(*arguments, use_gpu=False, criterion=criterion)
    data = batch(engine)
    data['attrs'][:, 0] = -1
    engine.forward_backward(data)
    engine.test()
    weights = engine.results.extra['task_weights']
    assert list(weights) == ['global', 'local', *ATTRIBUTES]
    assert weights['gender'] == 1  # which no image of the batch has
    # a loss above 1/2 lowers its weight at first: s moves by lr * weight * (1/2 - loss)
    assert all(0.9 < weights[name] < 1 for name in ('global', 'local', 'age'))
    assert task_weights(build(root)) is None
