"""Command line of the export: a checkpoint in, files for runtimes without PyTorch out."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from midattr_plugin.command import run_command
from midattr_plugin.config import load_config
from midattr_plugin.config.extensions import load_extensions
from midattr_plugin.denormals import flushed_denormals
from midattr_plugin.errors import InputError
from midattr_plugin.export.check_images import generated_images, images_of
from midattr_plugin.export.checked_files import CheckedFiles
from midattr_plugin.export.extras import needed
from midattr_plugin.export.onnx_graph import check_pytorch
from midattr_plugin.export.openvino_ir import OpenVinoPredictor
from midattr_plugin.export.parity import parity_table
from midattr_plugin.export.runtime import ExportedPredictor, OnnxPredictor
from midattr_plugin.export.runtime_copy import write_runtime
from midattr_plugin.export.scores import score_table, scores_by_target
from midattr_plugin.export.speed import images_per_second
from midattr_plugin.predict.image_predictor import ImagePredictor
from midattr_plugin.predict.predictor import Predictor
from midattr_plugin.predict.report import RENDERED_NOTE
from midattr_plugin.user_path import path_option

_ONNX = '.onnx'
_EPILOG = """\
examples:
  a file for onnxruntime, checked on own images:
    %(prog)s --weights model.pth.tar-last --out people.onnx --images crops
  also in 8-bit numbers, for OpenVINO, and with a runtime that needs no PyTorch:
    %(prog)s --weights model.pth.tar-last --out people.onnx --int8 --calibrate crops --openvino \\
        --runtime
  mAP and attributes of all of them, on the test images of a configuration:
    %(prog)s --weights model.pth.tar-last --out people.onnx --int8 --calibrate crops \\
        --test midattr_market.yaml data.root reid-data
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments; None for those of this process.

    Returns:
        Exit status: 0; 1 after bad input, with one sentence on stderr; 130 if interrupted.
    """
    return run_command(lambda: run(_parser().parse_args(argv)), ends_on_sigterm=True)


@flushed_denormals()
def run(options: argparse.Namespace) -> None:
    """Export what the parsed ``options`` ask for.

    Raises:
        InputError: something that they name cannot be used, or a file differs from PyTorch.
    """
    _check(options)
    load_extensions(options.extension, '--extension')
    cfg = None
    if options.test is not None:
        fixed = ['test.evaluate', True, 'midattr.untrained', True, 'use_gpu', False]
        cfg = load_config(options.test, [*options.settings, *fixed])
    predictor = Predictor(options.weights, use_gpu=False, precision='fp32')
    calibration = images_of(options.calibrate) if options.int8 else []
    if named := options.images or options.calibrate:
        images = images_of(named)
        described = f'{len(images)} images of "{named}"'
    else:
        images = generated_images(predictor.model.spec.image_size)
        described = (
            f'{len(images)} images of noise, as neither --images nor --calibrate names others'
        )
    files = CheckedFiles(predictor, images)
    onnx_paths = [options.out]
    files.write_onnx(options.out)
    if options.int8:
        onnx_paths.append(options.out.with_name(f'{options.out.stem}-int8{_ONNX}'))
        files.write_int8(options.out, onnx_paths[-1], calibration)
    if options.openvino:
        for path in onnx_paths:
            files.write_openvino(path)
    print(f'Checked against PyTorch (float32) on {described}:')
    print(parity_table({path.name: results for path, results in files.results.items()}))
    for path in files.results:
        print(f'written: {path} ({_size(path) / 1e6:,.1f} MB)')
    if options.runtime:
        print(f'written: {write_runtime(options.out.parent)} (needs onnxruntime and NumPy alone)')
    if options.speed:
        _print_speed(options.weights, list(files.results))
    if cfg is not None:
        exported = {path.name: _opened(path) for path in files.results}
        scores = scores_by_target({'PyTorch': predictor, **exported}, cfg)
        print(score_table(scores))
    if predictor.model.trained_on_rendered:
        print(f'Note: {RENDERED_NOTE}')


def _check(options: argparse.Namespace) -> None:
    if options.out.suffix != _ONNX:
        raise InputError(f'--out: "{options.out}" does not end in {_ONNX}; name it so')
    if options.int8 and options.calibrate is None:
        raise InputError('--int8 needs images to calibrate with; name a folder with --calibrate')
    if options.calibrate is not None and not options.int8:
        raise InputError('--calibrate is for --int8, which is not given; add it, or leave it out')
    if options.settings and options.test is None:
        raise InputError(
            f'"{options.settings[0]}" is a setting of a test, but --test is not given; add it'
        )
    needed('onnx')
    needed('onnxscript')
    needed('onnxruntime')
    check_pytorch()
    if options.openvino:
        needed('openvino')


def _opened(path: Path, threads: int = 0) -> ExportedPredictor:
    opened = OnnxPredictor if path.suffix == _ONNX else OpenVinoPredictor
    return opened(path, threads=threads)


def _size(path: Path) -> int:
    """Return the bytes of a file, with the weights that OpenVINO keeps beside it."""
    weights = [path.with_suffix('.bin')] if path.suffix != _ONNX else []
    return sum(file.stat().st_size for file in [path, *weights])


def _print_speed(weights: Path | None, paths: Sequence[Path]) -> None:
    fastest = Predictor(weights, use_gpu=False)
    predictors: dict[str, ImagePredictor] = {f'PyTorch, {fastest.precision}': fastest}
    predictors |= {path.name: _opened(path, threads=1) for path in paths}
    rates = images_per_second(predictors, fastest.model.spec.image_size)
    reference, onnx = (rates[name] for name in list(rates)[:2])
    width = max(map(len, rates))
    print('Speed of the network on one thread, in turns:')
    print(f'{"":<{width}}  images/s  over PyTorch  over float32 ONNX')
    for name, rate in rates.items():
        ratios = f'{rate / reference:>11.2f}x  {rate / onnx:>16.2f}x'
        print(f'{name:<{width}}  {rate:>8,.1f}  {ratios}')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='midattr-export',
        description='Write a trained model as an ONNX file: images (N, H, W, 3) uint8 in, '
        'descriptor and logits of each attribute out. Each file is compared with PyTorch on '
        'images, and is left out if it does not say the same.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--weights',
        type=path_option,
        metavar='FILE',
        help='a trained checkpoint (default: the weights that come with the package)',
    )
    parser.add_argument(
        '--out', type=path_option, required=True, metavar='FILE', help='the result, *.onnx'
    )
    parser.add_argument(
        '--images',
        type=path_option,
        metavar='PATH',
        help='folder, list or table of images to check with (default: those of --calibrate, else '
        'noise)',
    )
    parser.add_argument(
        '--int8', action='store_true', help='also write <out>-int8.onnx, in 8-bit whole numbers'
    )
    parser.add_argument(
        '--calibrate',
        type=path_option,
        metavar='PATH',
        help='folder, list or table of images for --int8; like those that the model is for',
    )
    parser.add_argument(
        '--openvino', action='store_true', help='also write .xml and .bin of each, for OpenVINO'
    )
    parser.add_argument(
        '--runtime',
        action='store_true',
        help='also write the folder midattr_runtime, which predicts without PyTorch',
    )
    parser.add_argument(
        '--speed',
        action='store_true',
        help='measure images per second of PyTorch and each file, on one thread',
    )
    parser.add_argument(
        '--test',
        metavar='CONFIG',
        help='test PyTorch and each file on data.targets of this configuration: mAP, rank-1, mA',
    )
    parser.add_argument(
        '--extension',
        action='append',
        default=[],
        metavar='MODULE',
        help='module or .py file that registers the backbone of the weights, if it is your own; '
        'may be given several times',
    )
    parser.add_argument('settings', nargs='*', metavar='KEY VALUE', help='settings of the test')
    return parser
