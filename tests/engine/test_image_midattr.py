"""The multi-task engine: its step, its logging and its evaluation."""

import math

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

import midattr_plugin
from helpers import attribute_references as reference
from helpers.fake_market import fields_by_identity, write_duke_tree, write_market_tree
from helpers.tiny_engine import batch, build
from midattr_plugin.class_marks import binary_names
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.engine.attribute_recorder import AttributeRecorder
from midattr_plugin.engine.precision import is_supported
from midattr_plugin.errors import InputError
from midattr_plugin.models import midattr_model
from midattr_plugin.models.frozen_batch_norm import freeze_batch_norm

ATTRIBUTES = MARKET1501.names
DUKE = 'midattr_tiny_duke'
DUKE_TEST_IDS = (2, 6, 11, 7139)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    write_duke_tree(root, test_ids=DUKE_TEST_IDS)
    return root


def test_step_logs_every_term_and_every_task(root):
    summary = build(root).forward_backward(batch(build(root)))
    expected = [
        'loss',
        'loss_global',
        'loss_local',
        *(f'loss_{a}' for a in ATTRIBUTES),
        'acc_global',
        'acc_local',
        *(f'acc_{a}' for a in ATTRIBUTES),
    ]
    assert list(summary) == expected
    assert all(type(value) is float for value in summary.values())
    terms = (
        5 * summary['loss_global']
        + 4 * summary['loss_local']
        + sum(summary[f'loss_{a}'] for a in ATTRIBUTES)
    )
    assert summary['loss'] == pytest.approx(0.1 * terms, rel=1e-5)


def test_options_of_a_test_are_given_by_name(root):
    with pytest.raises(TypeError, match='positional'):
        build(root).test('cosine')  # what torchreid takes first is not what we take first


@pytest.mark.parametrize('options', [{}, {'dist_metric': 'cosine'}, {'rerank': True}], ids=str)
@pytest.mark.parametrize('model', ['midattr_tiny_market', 'midattr_tiny'])
def test_descriptors_are_normalized_already(root, model, options):
    """So torchreid's models, which are tested with normalize_feature, are tested alike."""
    engine = build(root, model=model)
    scores = []
    for normalize_feature in (False, True):
        engine.test(normalize_feature=normalize_feature, **options)
        scores.append(engine.query_scores)
    assert len(scores[0]) == 3
    for key, queries in scores[0].items():
        np.testing.assert_array_equal(scores[1][key].first_rank, queries.first_rank)
        np.testing.assert_array_equal(scores[1][key].average_precision, queries.average_precision)


def test_a_model_of_torchreid_is_refused(root):
    with pytest.raises(InputError, match='models of this project, but was given a OSNet'):
        build(root, model='osnet_x0_25')


def test_fewer_classes_than_identities_are_refused(root, tmp_path):
    engine = build(root)
    engine.model.num_classes = 3
    with pytest.raises(
        InputError,
        match='for 3 identities, but there are 4 in .* build it with datamanager.num_train_pids',
    ):
        engine.run(save_dir=str(tmp_path), max_epoch=1)


def test_frozen_statistics_of_a_new_model_are_refused(root, tmp_path):
    engine = build(root)
    freeze_batch_norm(engine.model)
    engine.run(save_dir=str(tmp_path), test_only=True)
    with pytest.raises(InputError, match='freeze_bn is True, but .* no statistics to keep'):
        engine.run(save_dir=str(tmp_path), max_epoch=1)


def test_attributes_without_labels_are_named(root, tmp_path, capsys):
    build(root, sources='dukemtmcreid_attr').run(save_dir=str(tmp_path), max_epoch=1)
    names = [name for name in ATTRIBUTES if name not in DUKEMTMCREID.names]
    assert f'no training image has a label of {", ".join(names)}, so' in capsys.readouterr().out
    build(root).run(save_dir=str(tmp_path), max_epoch=1)
    assert 'has a label' not in capsys.readouterr().out


def test_step_moves_every_parameter(root):
    engine = build(root)
    before = {name: p.clone() for name, p in engine.model.named_parameters()}
    engine.forward_backward(batch(engine))
    assert all(not torch.equal(before[name], p) for name, p in engine.model.named_parameters())


def test_accuracy_is_over_known_labels(root):
    engine = build(root)
    data = batch(engine)
    data['attrs'][:, 0] = -1
    data['attrs'][2:, 1] = -1
    with torch.no_grad():
        output = engine.model.train()(data['img'], return_dict=True)
    torch.manual_seed(0)
    engine = build(root)
    summary = engine.forward_backward(data)
    assert 'acc_gender' not in summary and summary['loss_gender'] == 0
    hair = output['attribute_logits']['hair_length'][:2].argmax(1)
    right = sum(a == b for a, b in zip(hair.tolist(), data['attrs'][:2, 1].tolist(), strict=True))
    assert summary['acc_hair_length'] == pytest.approx(100 * right / 2)


def test_on_a_gpu_only_printed_steps_are_read(root):
    engine = build(root)
    engine.num_batches, engine.print_freq = 10, 4
    read = []
    for engine.use_gpu in (True, False):
        for engine.batch_idx in range(10):
            read.append(engine._is_read())
    assert [i + 1 for i, due in enumerate(read[:10]) if due] == [4, 8, 10]
    assert all(read[10:])


def test_steps_that_are_not_read_are_in_the_next_summary(root, monkeypatch):
    data = batch(build(root))
    single = build(root)
    expected = [single.forward_backward(data) for _ in range(3)]
    torch.manual_seed(0)
    engine = build(root)
    due = iter([False, False, True])
    monkeypatch.setattr(engine, '_is_read', lambda: next(due))
    summaries = [engine.forward_backward(data) for _ in range(3)]
    assert summaries[:2] == [{}, {}]
    assert list(summaries[2]) == list(expected[0])
    for name in ('loss', 'loss_global', 'acc_local'):
        assert summaries[2][name] == pytest.approx(
            np.mean([step[name] for step in expected]), rel=1e-3
        ), name


@pytest.mark.skipif(not is_supported('bf16', 'cpu'), reason='the processor has no bf16')
def test_bf16_trains_and_describes_as_fp32(root):
    height = 64  # on some processors PyTorch's gradients of maps of 2 x 1 are wrong in bf16
    data = batch(build(root, height=height))
    results = []
    for precision in ('fp32', 'bf16'):
        engine = build(root, precision=precision, height=height)
        torch.manual_seed(0)
        summary = engine.forward_backward(data)
        assert all(p.dtype == torch.float32 for p in engine.model.parameters())
        engine.model.eval()
        engine._recorder = AttributeRecorder(None, None)
        with torch.no_grad():
            results.append((summary['loss'], engine.extract_features(data['img'])))
    (loss, descriptor), (other_loss, other_descriptor) = results
    assert other_loss == pytest.approx(loss, rel=0.02)
    assert other_descriptor.dtype == torch.float32
    cosines = (descriptor * other_descriptor).sum(1) / 2  # two branches of length 1
    assert cosines.min() > 0.99


def test_non_finite_loss_names_its_terms(root):
    engine = build(root)
    engine.epoch, engine.batch_idx = 2, 6
    with torch.no_grad():
        engine.model.attribute_heads.get_submodule('heads.hat').bias.fill_(math.nan)
    before = engine.model.layer1[0].weight.clone()
    with pytest.raises(
        FloatingPointError, match=r'epoch 3, batch 7 \(loss = nan, loss_hat = nan\)'
    ):
        engine.forward_backward(batch(engine))
    assert torch.equal(engine.model.layer1[0].weight, before)


def test_evaluation_reports_descriptors_and_attributes(root, tmp_path):
    engine = build(root)
    engine.writer = SummaryWriter(str(tmp_path))
    engine.test(ranks=[1, 5])
    engine.writer.close()
    reid = engine.results.reid['market1501_attr']
    assert list(reid) == ['fused', 'global', 'local']
    names = ['rank-1', 'rank-5', 'rank-10', 'mAP', 'mAP_zheng2015']
    assert all(list(scores) == names for scores in reid.values())
    attributes = engine.results.attributes['market1501_attr']
    assert list(attributes) == [*ATTRIBUTES, 'average']
    view = engine.results.attributes_binary['market1501_attr']
    assert tuple(view['labels']) == binary_names(MARKET1501)
    events = EventAccumulator(str(tmp_path)).Reload()
    for tag, value in (
        ('balanced_accuracy', attributes['average']['balanced_accuracy']),
        ('binary_mA', view['mean']['mA']),
        ('binary_instance_f1', view['instance']['f1']),
    ):
        [event] = events.Scalars(f'Test/market1501_attr/{tag}')
        assert event.value == pytest.approx(value)
    assert engine.results.rendered == {'market1501_attr': False}
    assert engine.results.epoch == 0


def test_figures_equal_a_separate_pass(root):
    """Features, ranking and attribute predictions computed again, one image at a time."""
    engine = build(root)
    engine.test()
    engine.model.eval()
    rows = {'query': [], 'gallery': []}
    for split, loader in engine.test_loader['market1501_attr'].items():
        for item in loader.dataset:
            with torch.no_grad():
                output = engine.model(item['img'][None], return_dict=True)
            rows[split].append((item['pid'], item['camid'], output, item['attrs']))

    for branch in ('global', 'local', 'fused'):
        hits, precisions = [], []
        for pid, camid, output, _ in rows['query']:

            def feature(output, branch=branch):
                if branch == 'fused':
                    return output['descriptor'][0]
                return torch.nn.functional.normalize(output['features'][branch])[0]

            ranked = sorted(
                (float((feature(output) - feature(other)).square().sum()), other_pid == pid)
                for other_pid, other_camid, other, _ in rows['gallery']
                if not (other_pid == pid and other_camid == camid)
            )
            found = [match for _, match in ranked]
            hits.append(found[0])
            places = [i + 1 for i, match in enumerate(found) if match]
            precisions.append(np.mean([(n + 1) / place for n, place in enumerate(places)]))
        scores = engine.results.reid['market1501_attr'][branch]
        assert scores['rank-1'] == pytest.approx(np.mean(hits))
        assert scores['mAP'] == pytest.approx(np.mean(precisions), abs=1e-6)

    for i, name in enumerate(ATTRIBUTES):
        pairs = [
            (int(output['attribute_logits'][name].argmax()), int(attrs[i]))
            for _, _, output, attrs in rows['gallery']
            if attrs[i] >= 0
        ]
        accuracy = np.mean([a == b for a, b in pairs])
        measured = engine.results.attributes['market1501_attr'][name]['accuracy']
        assert measured == pytest.approx(accuracy)


def test_binary_view_equals_a_separate_pass(root, capsys):
    """From the raw fields of the file, with an identity of two colors and one without any."""
    engine = build(root, targets='dukemtmcreid_attr', sources='dukemtmcreid_attr', model=DUKE)
    with torch.no_grad():
        for name, parameter in engine.model.attribute_heads.named_parameters():
            parameter.mul_(20 if 'weight' in name else 1)  # probabilities above one half
    engine.test()
    people = fields_by_identity(DUKEMTMCREID, DUKE_TEST_IDS)
    engine.model.eval()
    pairs_by_label, pairs_by_image, right = {}, [], 0
    color = DUKEMTMCREID['upper_color']
    gallery = engine.test_loader['dukemtmcreid_attr']['gallery'].dataset
    for item in gallery:
        with torch.no_grad():
            logits = engine.model(item['img'][None], return_dict=True)['attribute_logits']
        fields, image = people[item['pid']], []
        for attribute in DUKEMTMCREID:
            likely = logits[attribute.name][0].softmax(0) > 0.5
            for name, label in reference.binary_labels(attribute, fields).items():
                if label is not None:
                    pair = label, bool(likely[attribute.classes.index(name.split('=')[1])])
                    image.append(pair)
                    pairs_by_label.setdefault(name, []).append(pair)
        pairs_by_image.append(image)
        predicted = color.classes[logits['upper_color'].argmax()]
        right += reference.is_right(color, fields, predicted)
    view = engine.results.attributes_binary['dukemtmcreid_attr']
    assert any(predicted for pairs in pairs_by_label.values() for _, predicted in pairs)
    assert view['labels'] == {
        name: pytest.approx(reference.label_scores(pairs)) for name, pairs in pairs_by_label.items()
    }
    assert view['instance'] == pytest.approx(reference.instance_scores(pairs_by_image))
    scores = engine.results.attributes['dukemtmcreid_attr']['upper_color']
    assert scores['protocol_accuracy'] == pytest.approx(right / len(gallery))
    out = capsys.readouterr().out
    assert f'Binary view, mean of 23 labels: mA {view["mean"]["mA"]:.1%}' in out


def test_gallery_passes_through_the_network_once(root):
    engine = build(root)
    seen = []
    engine.model.register_forward_hook(lambda module, args, output: seen.append(len(args[0])))
    engine.test()
    loaders = engine.test_loader['market1501_attr']
    assert sum(seen) == len(loaders['query'].dataset) + len(loaders['gallery'].dataset)


def test_how_often_one_evaluates_does_not_change_training(root):
    weights = []
    for evaluations in (0, 2):
        engine = build(root)
        torch.manual_seed(5)
        for _ in range(evaluations):
            engine.test()
        engine.model.train()
        engine.forward_backward(batch(engine))
        weights.append(engine.model.classifier.weight)
    assert torch.equal(*weights)


def test_single_branch_has_one_descriptor(root):
    engine = build(root, model='midattr_tiny')
    assert engine.model.schema is None
    assert 'loss_gender' not in engine.forward_backward(batch(engine))
    engine.test()
    assert engine.results.attributes == engine.results.attributes_binary == {}

    net = midattr_model(4, pretrained=False, backbone='resnet18', branches=['local'])
    engine = midattr_plugin.ImageMidAttrEngine(
        engine.datamanager, net, torch.optim.SGD(net.parameters(), lr=0.1), use_gpu=False
    )
    engine.test()
    assert list(engine.results.reid['market1501_attr']) == ['local']


def test_several_sources_and_targets(root):
    engine = build(
        root,
        ['market1501_attr', 'dukemtmcreid_attr'],
        ['market1501_attr', 'dukemtmcreid_attr', 'dukemtmcreid'],
        model='midattr_tiny_market_duke',
    )
    summary = engine.forward_backward(batch(engine))
    assert {'loss_age', 'loss_boots'} <= set(summary)
    engine.test()
    attributes = engine.results.attributes
    assert set(attributes) == {'market1501_attr', 'dukemtmcreid_attr'}  # not torchreid's dataset
    assert list(attributes['market1501_attr']) == [*MARKET1501.names, 'average']
    assert set(attributes['dukemtmcreid_attr']) == {*DUKEMTMCREID.names, 'average'}
    binary = engine.results.attributes_binary
    assert [(name, len(view['labels'])) for name, view in binary.items()] == [
        ('market1501_attr', 30),
        ('dukemtmcreid_attr', 23),
    ]
    assert set(engine.results.reid) == {'market1501_attr', 'dukemtmcreid_attr', 'dukemtmcreid'}
    values = [scores['fused']['mAP'] for scores in engine.results.reid.values()]
    assert engine.results.mean_mAP('fused') == pytest.approx(np.mean(values))


def test_sources_without_the_models_attributes(root):
    with pytest.raises(InputError, match=r"data.sources \['dukemtmcreid'\] have none of the attr"):
        build(root, 'dukemtmcreid')
