"""Keys of speed and memory, of which the paper says nothing."""

from midattr_plugin.config.key import POSITIVE, Key
from midattr_plugin.config.midattr_keys.conditions import MIDATTR
from midattr_plugin.engine.precision import DTYPES
from midattr_plugin.loading import CACHES

ROWS: dict[str, Key] = {
    'precision': Key(
        'fp32',
        "number format of training and feature extraction: 'fp32', of which convolutions on a GPU "
        'keep 10 bits of the mantissa (TF32) unless torch.backends.cudnn.allow_tf32 is False; '
        "'bf16', twice as fast on CPUs and GPUs that have it; 'fp16'",
        tuple(DTYPES),
        argument='engine.precision',
        read_if=MIDATTR,
    ),
    'compile': Key(
        False,
        'compile the training step with torch.compile, on GPUs with CUDA graphs; where that fails, '
        'a warning says why and it runs uncompiled',
        argument='engine.compile',
        read_if=MIDATTR,
    ),
    'sync_batch_norm': Key(
        True,
        'with several processes: normalize by the statistics of the whole batch, so that the '
        'result is that of one process. False: by those of the images of each process, which is '
        'faster and needs no such exchange where each has enough images, e.g. 32; the running '
        'statistics are averaged after every epoch. Works with every model and loss',
    ),
    'deterministic': Key(
        False,
        'on a GPU: choose kernels that repeat bit-for-bit where PyTorch has them, and do not '
        'choose the fastest by trial; slower. PyTorch warns of kernels without such a version. On '
        'the CPU runs repeat in any case',
    ),
    'cache': Key(
        'none',
        'where training images are kept after they are decoded and resized, to be augmented a '
        "batch at a time: ram or device (the GPU); none: torchreid's loader decodes them in every "
        'epoch. Works with every model and loss',
        CACHES,
    ),
    'fast_ranking': Key(
        True,
        "rank with this project's code, in every engine. False: with torchreid's Python loops",
    ),
    'ranking_memory': Key(
        0.25,
        'GiB that distances may take; if those between query and gallery need more, e.g. with '
        'market1501.use_500k_distractors, they are computed and ranked in blocks, and so are those '
        'between all images for test.rerank',
        POSITIVE,
    ),
}
