"""Market-1501 (Zheng et al., ICCV 2015) with the attributes of Lin et al."""

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_dataset import AttributeDatasetMixin
from midattr_plugin.schema import MARKET1501


class Market1501Attr(AttributeDatasetMixin, torchreid_compat.Market1501):
    """12 attributes. Background (identity 0) and junk (-1) images have none."""

    schema = MARKET1501
    last_identity = 1501
    num_cameras = 6
    how_to_get = (
        'get Market-1501 from its authors (Zheng et al., ICCV 2015) and unpack it so '
        'that <data.root>/market1501/Market-1501-v15.09.15/bounding_box_train exists, '
        'or take the source midattr_demo to try without data'
    )
