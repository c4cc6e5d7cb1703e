"""One training step: what it costs a GPU, and that it is one graph; ``meta`` stands for the GPU."""

import math
import warnings

import pytest
import torch

import midattr_plugin
from helpers.device_counter import DeviceCounter
from helpers.fake_market import write_market_tree
from helpers.tiny_engine import batch, build
from midattr_plugin.engine import image_midattr
from midattr_plugin.engine.precision import Precision, is_supported
from midattr_plugin.engine.training_step import TrainingStep
from midattr_plugin.losses import (
    ATTRIBUTE_LOSSES,
    CLASSIFIERS,
    METRIC_LOSSES,
    MidAttrLoss,
    TaskUncertainty,
)

BUDGET = {
    'plain': (111, 109),
    'class_balanced': (111, 109),
    'focal': (195, 265),
    'triplet': (159, 182),
    'soft_margin': (159, 182),
    'weighted': (175, 222),
    'uncertainty': (195, 224),
    'cosface': (123, 125),
    'arcface': (143, 159),
    'circle_softmax': (137, 125),
}
"""Loss -> operations of the losses and the log, and of the backward pass of a tiny network."""

# PyTorch 2.11 lays four gradients out anew (new_empty_strided, copy_); 2.14 does not
OLDER = 8 if torch.torch_version.TorchVersion(torch.__version__) < (2, 14) else 0


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_market_tree(root, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    return root


@pytest.fixture
def engine(root):
    return build(root)


def criterion(name, schema):
    if name == 'triplet':
        return MidAttrLoss(triplet_weight=1.0)
    if name in MARGINS:
        return MidAttrLoss(margin_softmax=CLASSIFIERS[MARGINS[name]]())
    if name in METRIC_LOSSES:
        return MidAttrLoss(triplet_weight=1.0, metric_loss=METRIC_LOSSES[name]())
    if name == 'uncertainty':
        return MidAttrLoss(task_uncertainty=TaskUncertainty(['global', 'local', *schema.names]))
    counts = {attribute.name: torch.ones(len(attribute.classes)) for attribute in schema}
    return MidAttrLoss(attribute_loss=ATTRIBUTE_LOSSES[name].build(lambda: counts))


MARGINS = {'cosface': 'cosface', 'arcface': 'arcface', 'circle_softmax': 'circle'}


def on_the_device(engine, criterion):
    """Return an engine with its model on 'meta', which reads its log only where it is due."""
    model = torch.nn.Module.to(
        midattr_plugin.torchreid_compat.models.build_model(
            'midattr_tiny_market', 4, pretrained=False
        ),
        'meta',
    )
    criterion.to('meta')
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for group in criterion.param_groups():
        optimizer.add_param_group(group)
    model.has_cosines = criterion.margin_softmax is not None
    moved = midattr_plugin.ImageMidAttrEngine(
        engine.datamanager, model, optimizer, use_gpu=False, criterion=criterion
    )
    moved.use_gpu = True
    moved.print_freq, moved.num_batches = 10, 100
    moved.set_model_mode('train')
    return moved


def data(size=8):
    return {
        'img': torch.rand(size, 3, 32, 16),
        'pid': torch.arange(size) % 4,
        'attrs': torch.zeros(size, 12, dtype=torch.int64),
    }


@pytest.mark.parametrize('name', BUDGET)
def test_budget_of_a_step(engine, name):
    """No copy blocks, nothing is waited for, and the operations do not become more."""
    engine = on_the_device(engine, criterion(name, engine.model.schema))
    counter, reached = DeviceCounter(), {}

    def reach(phase):
        return lambda *_: reached.update({phase: counter.operations})

    step = engine._training_step()
    engine.forward_backward(data())  # momentum
    engine.model.register_forward_hook(reach('network'))
    step.register_forward_hook(reach('losses and log'))
    engine.optimizer.register_step_pre_hook(reach('backward'))
    with counter:
        assert engine.forward_backward(data()) == {}
    assert counter.blocking_copies == [] and counter.waits == []
    losses, backward = BUDGET[name]
    assert reached['losses and log'] - reached['network'] <= losses
    assert reached['backward'] - reached['losses and log'] <= backward + OLDER


def test_labels_are_copied_without_waiting(engine):
    """Those that were converted to the schema of the model are not pinned by any loader."""
    engine = on_the_device(engine, MidAttrLoss())
    images = torch.rand(8, 3, 32, 16, device='meta')  # cached
    with DeviceCounter() as counter:
        engine.forward_backward(data() | {'img': images})
    assert counter.by_name['aten::_to_copy'] >= 2 and counter.blocking_copies == []


@pytest.mark.parametrize(
    'precision, name',
    [
        ('fp32', 'uncertainty'),
        ('bf16', 'focal'),
        ('fp32', 'soft_margin'),
        ('fp32', 'weighted'),
        ('fp32', 'circle'),
        ('fp32', 'arcface'),
    ],
)
def test_a_step_is_one_graph(engine, precision, name):
    """Network, losses and log, traced without a break; the numbers are the same."""
    if not is_supported(precision, 'cpu'):
        pytest.skip('the processor has no bf16')
    torch._dynamo.reset()
    loss = criterion(name, engine.model.schema)
    if name == 'uncertainty':
        loss.triplet_weight = 1.0
    step = TrainingStep(engine.model.train(), loss, Precision(precision, 'cpu'))
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    batch_ = data()
    arguments = batch_['img'], batch_['pid'], batch_['attrs'], None
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        results = []
        is_whole = name != 'circle'  # whose library selects pairs
        for call in (step, torch.compile(step, backend=backend, fullgraph=is_whole)):
            torch.manual_seed(0)
            results.append(call(*arguments))
    (total, names, sums), (compiled_total, compiled_names, compiled_sums) = results
    assert (len(graphs) == 1) == is_whole and names == compiled_names
    torch.testing.assert_close(compiled_total, total)
    torch.testing.assert_close(compiled_sums, sums)
    assert compiled_total.requires_grad and not sums.requires_grad
    torch._dynamo.reset()


def test_results_may_be_overwritten_by_the_next_step(engine, monkeypatch):
    """As a CUDA graph does."""
    engine.num_batches = engine.print_freq = 3
    step, last = engine._training_step(), []

    def poisoned(*arguments):
        for x in last:
            x.data.fill_(math.nan)
        loss, names, sums = step(*arguments)
        last[:] = loss, sums
        return loss, names, sums

    monkeypatch.setattr(engine, '_step', poisoned)
    monkeypatch.setattr(engine, '_is_read', engine._is_due)
    summaries = []
    for engine.batch_idx in range(3):
        summaries.append(engine.forward_backward(batch(engine)))
    assert summaries[:2] == [{}, {}]
    assert summaries[2] and all(map(math.isfinite, summaries[2].values()))


def test_the_criterion_is_compiled_with_the_network(root, monkeypatch):
    compiled = []
    monkeypatch.setattr(
        image_midattr, 'Compiled', lambda step, on_gpu: compiled.append(step) or step
    )
    engine = build(root, compile=True)
    engine.forward_backward(batch(engine))
    engine.forward_backward(batch(engine))
    [step] = compiled
    assert step.network is engine.model and step.criterion is engine.criterion


def test_another_criterion_takes_effect(engine):
    engine.forward_backward(batch(engine))
    engine.criterion = MidAttrLoss(attribute_weight=0.0)
    assert engine.forward_backward(batch(engine))['loss'] == 0
