"""Where the runs of a suite are trained."""

import os

import torch

CPU = ''


def run_devices(jobs: int | None = None, use_gpu: bool = True) -> list[str]:
    """One entry for each run that is trained at the same time.

    Args:
        jobs: how many; None for one per GPU, or one without any. Where there are more than GPUs,
            these are shared.
        use_gpu: whether any run uses one.

    Returns:
        What ``CUDA_VISIBLE_DEVICES`` is to be for each, or :data:`CPU`, which leaves it alone.
    """
    gpus = _gpus() if use_gpu else []
    if jobs is None:
        return gpus or [CPU]
    return [gpus[number % len(gpus)] if gpus else CPU for number in range(jobs)]


def _gpus() -> list[str]:
    """Names of the GPUs that this process sees, which another may have numbered otherwise."""
    count = torch.cuda.device_count()
    chosen = os.environ.get('CUDA_VISIBLE_DEVICES')
    names = range(count) if chosen is None else chosen.split(',')[:count]
    return [str(name).strip() for name in names]
