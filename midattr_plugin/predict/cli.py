"""Command line of the prediction: pictures in, tables, descriptors and a page out."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from midattr_plugin.command import run_command
from midattr_plugin.config.extensions import load_extensions
from midattr_plugin.denormals import flushed_denormals
from midattr_plugin.engine.precision import DTYPES
from midattr_plugin.errors import InputError
from midattr_plugin.predict.predictor import Predictor
from midattr_plugin.predict.queries import Queries, image_queries, track_queries
from midattr_plugin.predict.ranked_files import RANKED
from midattr_plugin.predict.report import ATTRIBUTES_NOTE, RENDERED_NOTE
from midattr_plugin.predict.run import Pages, predict_into
from midattr_plugin.predict.source import Source, open_source
from midattr_plugin.ranked import PAGE
from midattr_plugin.user_path import path_option
from midattr_plugin.weights import packaged_card

_EPILOG = """\
examples:
  the attributes of all images of a folder, by the weights that come with the package:
    %(prog)s --out answers crops
  the same by weights of your own:
    %(prog)s --weights model.pth.tar-last --out answers crops
  the images of a gallery that look most like a person:
    %(prog)s --weights model.pth.tar-last --out answers gallery --query anna.jpg
  of everybody whom a tracker has followed in a video:
    %(prog)s --weights model.pth.tar-last --out answers video.mp4 --boxes tracks.txt
"""


class CardAction(argparse.Action):
    """The option that prints the card and ends the program, as ``--help`` does."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Print the card."""
        print(packaged_card())
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments; None for those of this process.

    Returns:
        Exit status: 0; 1 after bad input, with one sentence on stderr; 130 if interrupted.
    """
    return run_command(
        lambda: run(_parser().parse_intermixed_args(argv)),
        interrupted='interrupted; start it again to go on',
        ends_on_sigterm=True,
    )


def run(options: argparse.Namespace) -> None:
    """Predict what the parsed ``options`` ask for.

    Raises:
        InputError: something that they name cannot be used.
    """
    if options.maps is not None and options.maps < 0:
        raise InputError(f'--maps {options.maps} is not a number of images; give 0 or more')
    if options.top < 1:
        raise InputError(f'--top {options.top} is too small; give 1 or more')
    if options.query and options.query_tracks:
        raise InputError('--query and --query-tracks are two kinds of queries; give one of them')
    if options.batch_size < 1 or options.workers < 1:
        raise InputError(
            f'--batch-size {options.batch_size} or --workers {options.workers} is too small; give '
            '1 or more'
        )
    load_extensions(options.extension, '--extension')
    source = open_source(options.inputs, options.boxes, options.out)
    if options.weights is None:
        print('Weights: those of the package, see --card')
    predictor = Predictor(
        options.weights,
        use_gpu=False if options.cpu else None,
        precision=options.precision,
        batch_size=options.batch_size,
        workers=options.workers,
        flip=options.flip,
    )
    with flushed_denormals():
        queries = _queries(options, source, predictor)
        pages = Pages(options.maps, queries, options.top)
        counts = predict_into(options.out, source, predictor, options.strict, pages)
    print(_summary(options.out, counts))
    if queries is not None:
        print(f'ranked lists: {options.out / PAGE}, {options.out / RANKED}')
    if predictor.model.trained_on_rendered:
        print(f'Note: {RENDERED_NOTE}')
    if not predictor.knows_identities:
        print(f'Note: {ATTRIBUTES_NOTE}')


def _queries(options: argparse.Namespace, source: Source, predictor: Predictor) -> Queries | None:
    if (options.query or options.query_tracks) and not predictor.knows_identities:
        raise InputError(
            'nobody can be searched for with these weights, which know attributes alone; take '
            'weights that were trained with identities, or leave out the queries'
        )
    if options.query:
        return image_queries(options.query, options.inputs, source, predictor)
    if options.query_tracks:
        return track_queries(options.query_tracks, source)
    return None


def _summary(out: Path, counts: dict[str, int]) -> str:
    lines = [f'{counts["predicted"]:,} images predicted: {out / "attributes.csv"}']
    if counts['tracks']:
        lines.append(f'{counts["tracks"]:,} tracks: {out / "tracks.csv"}')
    if counts['skipped']:
        lines.append(f'{counts["skipped"]:,} images SKIPPED: {out / "skipped.csv"} says why')
    lines.append(f'to look at: {out / "report.html"}')
    return '\n'.join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='midattr-predict',
        description='Predict attributes and descriptors of people with a trained model. Writes '
        'attributes.csv, descriptors.npy (row i belongs to row i of the table), skipped.csv and '
        'report.html; with boxes also tracks.csv and track_descriptors.npy; with queries '
        'ranked.csv and ranked.html. If it is stopped, the same command goes on; maps and queries '
        'of a finished prediction are drawn without predicting again.',
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='PATH',
        help='an image, a folder (with all folders in it), a list (.txt, a path in each line) or a '
        'table (.csv with a column "path"); with --boxes a video, or a folder of frames',
    )
    parser.add_argument(
        '--weights',
        type=path_option,
        metavar='FILE',
        help='a trained checkpoint (default: the weights that come with the package, which were '
        'trained on rendered people alone)',
    )
    parser.add_argument(
        '--card',
        action=CardAction,
        nargs=0,
        help='print what is known about the weights of the package, and exit',
    )
    parser.add_argument(
        '--out', type=path_option, required=True, metavar='FOLDER', help='folder of the results'
    )
    parser.add_argument(
        '--boxes',
        type=path_option,
        metavar='FILE',
        help='what a tracker has found, in the format of MOTChallenge: frame, track, left, top, '
        'width, height in each line',
    )
    parser.add_argument(
        '--strict', action='store_true', help='stop at a picture that cannot be read'
    )
    parser.add_argument(
        '--maps',
        type=int,
        nargs='?',
        const=100,
        metavar='N',
        help='also draw where each attribute was seen, for N images or tracks (without N 100; 0 '
        'for none)',
    )
    parser.add_argument(
        '--query',
        nargs='+',
        default=[],
        metavar='PATH',
        help='rank the images, or tracks, by their distance to each of these images (named like '
        'the others; of a table with splits those of the split "query")',
    )
    parser.add_argument(
        '--query-tracks',
        nargs='+',
        type=int,
        default=[],
        metavar='TRACK',
        help='rank all other tracks by their distance to each of these',
    )
    parser.add_argument(
        '--top',
        type=int,
        default=10,
        metavar='N',
        help='images or tracks to find for each query (default: %(default)s)',
    )
    parser.add_argument(
        '--precision',
        choices=DTYPES,
        default='',
        help='number format (default: bf16 where there are instructions for it, else fp32)',
    )
    parser.add_argument(
        '--flip',
        action='store_true',
        help='predict each image together with its mirror image, which takes twice the time: means '
        'of features and of log-probabilities',
    )
    parser.add_argument(
        '--batch-size', type=int, default=64, metavar='N', help='default: %(default)s'
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=min(4, os.cpu_count() or 1),
        metavar='N',
        help='threads that read images (default: %(default)s)',
    )
    parser.add_argument(
        '--extension',
        action='append',
        default=[],
        metavar='MODULE',
        help='module or .py file that registers the backbone of the weights, if it is your own; '
        'may be given several times',
    )
    parser.add_argument('--cpu', action='store_true', help='leave a GPU alone')
    return parser
