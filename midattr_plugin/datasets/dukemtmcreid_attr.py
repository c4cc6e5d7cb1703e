"""DukeMTMC-reID (Zheng et al., ICCV 2017) with the attributes of Lin et al."""

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets.attribute_dataset import ATTRIBUTE_DATASETS, AttributeDatasetMixin
from midattr_plugin.datasets.clothes import CARRIED, GENDER, HAT, color_of_clothes
from midattr_plugin.datasets.mat_file import MatFile
from midattr_plugin.schema import FEET, LOWER_BODY, NO_YES, UPPER_BODY, Attribute, AttributeSchema

_COAT = (1, 2, 3)  # not in Table 1; whether a coat is long shows where it ends, at the thighs

DUKEMTMCREID = AttributeSchema(
    name='dukemtmcreid',
    attributes=(
        GENDER,
        Attribute('upper_length', ('short', 'long'), _COAT, ('top',)),
        Attribute('boots', NO_YES, FEET, ('boots',)),
        HAT,
        *CARRIED,
        Attribute('shoe_color', ('dark', 'light'), FEET, ('shoes',)),
        color_of_clothes(
            'upper_color', 'black white red purple gray blue green brown', UPPER_BODY, 'up'
        ),
        color_of_clothes(
            'lower_color', 'black white red gray blue green brown', LOWER_BODY, 'down'
        ),
    ),
)


@ATTRIBUTE_DATASETS.register('dukemtmcreid_attr')
class DukeMTMCreIDAttr(AttributeDatasetMixin, torchreid_compat.DukeMTMCreID):
    """DukeMTMC-reID with 10 attributes."""

    schema = DUKEMTMCREID
    model_ending = 'duke'
    annotations = MatFile(
        name='duke_attribute.mat',
        key='dukemtmcreid',
        url='https://github.com/vana77/DukeMTMC-attribute/raw/master/duke_attribute.mat',
        sha256='06b9833be1c6339362ccf2112a8cf885c7c64db8f038da9e12896f86bec51e8c',
    )
    last_identity = 9999
    num_cameras = 8
    how_to_get = (
        'DukeMTMC-reID was withdrawn by its authors and is not offered for download: '
        'unpack a copy that you hold so that '
        '<data.root>/dukemtmc-reid/DukeMTMC-reID/bounding_box_train exists, or take '
        'the source midattr_demo to try without data'
    )
