"""Market-1501 (Zheng et al., ICCV 2015) with the attributes of Lin et al."""

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_dataset import ATTRIBUTE_DATASETS, AttributeDatasetMixin
from midattr_plugin.datasets.clothes import CARRIED, GENDER, HAT, color_of_clothes
from midattr_plugin.datasets.mat_file import MatFile
from midattr_plugin.schema import (
    HEAD,
    LOWER_BODY,
    UPPER_BODY,
    WHOLE_BODY,
    Attribute,
    AttributeSchema,
)

MARKET1501 = AttributeSchema(
    name='market1501',
    attributes=(
        GENDER,
        Attribute('hair_length', ('short', 'long'), HEAD, ('hair',)),
        Attribute('sleeve_length', ('long', 'short'), UPPER_BODY, ('up',)),
        Attribute('lower_length', ('long', 'short'), LOWER_BODY, ('down',)),
        Attribute('lower_type', ('dress', 'pants'), LOWER_BODY, ('clothes',)),
        HAT,
        *CARRIED,
        Attribute('age', ('young', 'teenager', 'adult', 'old'), WHOLE_BODY, ('age',)),
        color_of_clothes(
            'upper_color', 'black white red purple yellow gray blue green', UPPER_BODY, 'up'
        ),
        color_of_clothes(
            'lower_color',
            'black white pink purple yellow gray blue green brown',
            LOWER_BODY,
            'down',
        ),
    ),
)


@ATTRIBUTE_DATASETS.register('market1501_attr')
class Market1501Attr(AttributeDatasetMixin, torchreid_compat.Market1501):
    """Market-1501 with 12 attributes; background (identity 0) and junk (-1) images have none."""

    schema = MARKET1501
    model_ending = 'market'
    annotations = MatFile(
        name='market_attribute.mat',
        key='market1501',
        url='https://github.com/vana77/Market-1501_Attribute/raw/master/market_attribute.mat',
        sha256='d9fdbdd2e33ed2c4e3a073b77b1d16ac9fae5d93dd597ccd4e38bf75b2efaa95',
    )
    last_identity = 1501
    num_cameras = 6
    how_to_get = (
        'get Market-1501 from its authors (Zheng et al., ICCV 2015) and unpack it so '
        'that <data.root>/market1501/Market-1501-v15.09.15/bounding_box_train exists, '
        'or take the source midattr_demo to try without data'
    )
