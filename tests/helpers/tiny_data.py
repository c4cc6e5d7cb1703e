"""torchreid's data manager for a tree of a few noise images of 32 x 16 pixels."""

from midattr_plugin import torchreid_compat


def manager(root, sources='market1501_attr', batch_size=8):
    return torchreid_compat.ImageDataManager(
        root=str(root),
        sources=sources,
        height=32,
        width=16,
        workers=0,
        batch_size_train=batch_size,
        use_gpu=False,
    )
