"""An engine's model on a GPU and out of its wrappers; the `meta` device stands in for a GPU."""

import pytest
import torch
from torch import Tensor, nn

import midattr_plugin
from helpers import tiny_data, tiny_engine
from helpers.fake_market import write_market_tree
from midattr_plugin import torchreid_compat
from midattr_plugin.engine import ENGINES


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU: what is moved to it computes no values, but no tensor may be missed."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(Tensor, 'cuda', lambda self, *args, **options: self.to('meta'))
    monkeypatch.setattr(nn.Module, 'cuda', lambda self, *args: self.to('meta'))
    # parameters stay the same objects, as they do on the way to a GPU
    torch.__future__.set_swap_module_params_on_conversion(True)
    yield
    torch.__future__.set_swap_module_params_on_conversion(False)


@pytest.fixture
def data(tmp_path):
    write_market_tree(tmp_path)
    return tiny_data.manager(tmp_path, batch_size=4)


def is_trained(engine, optimizer):
    """Whether one step has changed every parameter of the model, on the GPU."""
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    assert {id(p) for p in parameters} == {id(p) for p in engine.model.parameters()}
    return all(p.is_meta and optimizer.state[p]['momentum_buffer'].is_meta for p in parameters)


def test_the_script_of_the_readme(gpu, data):
    """It moves nothing to the GPU: the engine does, and the optimizer keeps its parameters."""
    model = torchreid_compat.models.build_model(
        'midattr_tiny_market', data.num_train_pids, pretrained=False
    )
    optimizer = torchreid_compat.optim.build_optimizer(model, optim='sgd', lr=0.01)
    engine = midattr_plugin.ImageMidAttrEngine(data, model, optimizer)
    engine.print_freq = engine.num_batches = 2  # nothing is read after the first step
    engine.model.train()
    assert engine.forward_backward(next(iter(engine.train_loader))) == {}
    assert is_trained(engine, optimizer)


@pytest.mark.parametrize('kind', sorted(set(ENGINES) - {('midattr', 'image')}), ids='-'.join)
def test_engines_of_torchreid(gpu, data, kind):
    model = torchreid_compat.models.build_model('resnet18', 3, pretrained=False, loss=kind[0])
    optimizer = torchreid_compat.optim.build_optimizer(model, optim='sgd', lr=0.01)
    engine = ENGINES[kind](data, nn.Sequential(model)[0], optimizer)
    assert engine.use_gpu and all(p.is_meta for p in engine.model.parameters())
    assert engine.get_model_names() == ['model'] and engine._models['model'] is engine.model
    parameters = {id(p) for group in optimizer.param_groups for p in group['params']}
    assert parameters == {id(p) for p in model.parameters()}


def test_without_a_gpu_nothing_is_moved(tmp_path):
    write_market_tree(tmp_path)
    engine = tiny_engine.build(tmp_path)
    assert next(engine.model.parameters()).device.type == 'cpu'


@pytest.mark.parametrize('kind', [('midattr', 'image'), ('softmax', 'image')], ids='-'.join)
def test_a_wrapper_for_several_gpus_is_taken_off(data, kind):
    name = 'midattr_tiny_market' if kind[0] == 'midattr' else 'resnet18'
    model = torchreid_compat.models.build_model(name, 3, pretrained=False)
    optimizer = torchreid_compat.optim.build_optimizer(model, optim='sgd', lr=0.01)
    with pytest.warns(UserWarning, match='taken out of its DataParallel.+ torchrun') as caught:
        engine = ENGINES[kind](data, nn.DataParallel(model), optimizer, use_gpu=False)
    assert engine.model is model and engine._models['model'] is model
    assert len(caught) == 1
