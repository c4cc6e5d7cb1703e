"""DukeMTMC-reID (Zheng et al., ICCV 2017) with the attributes of Lin et al."""

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_dataset import AttributeDatasetMixin
from midattr_plugin.schema import DUKEMTMCREID


class DukeMTMCreIDAttr(AttributeDatasetMixin, torchreid_compat.DukeMTMCreID):
    """10 attributes."""

    schema = DUKEMTMCREID
    last_identity = 9999
    num_cameras = 8
    how_to_get = (
        'DukeMTMC-reID was withdrawn by its authors and is not offered for download: '
        'unpack a copy that you hold so that '
        '<data.root>/dukemtmc-reid/DukeMTMC-reID/bounding_box_train exists, or take '
        'the source midattr_demo to try without data'
    )
