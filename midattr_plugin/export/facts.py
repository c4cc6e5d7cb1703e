"""Facts about an exported model, which its file holds as text beside the graph.

Each is a property of its own, in JSON, so that programs in any language read the few they need.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from midattr_plugin.errors import InputError
from midattr_plugin.schema import AttributeSchema

FORMAT_VERSION = 1
INPUT, DESCRIPTOR, ATTRIBUTE = 'images', 'descriptor', 'attribute/'
"""Names in the graph; the logits of an attribute are ``attribute/<name>``."""

_PREFIX = 'midattr_'
_REMEDY = 'export the weights again with midattr-export'


@dataclass(frozen=True)
class Facts:
    """What a user of an exported file must know.

    Attributes:
        model: torchreid's name of the model.
        schema: the attributes, with the names of their classes; None without any.
        descriptor_size: D, numbers of a descriptor; 0 for a model of attributes alone, whose graph
            has no such output.
        image_size: height and width of the images that the graph takes, pixels.
        norm_mean, norm_std: of R, G, B in [0, 1]; the graph normalizes.
        trained_on_rendered: whether rendered people were among the training images; None: not
            known.
        written_by: version of this package.
        numbers: format of the computation, 'float32' or 'int8'.
        resize: how images are brought to ``image_size``.
    """

    model: str
    schema: AttributeSchema | None
    descriptor_size: int
    image_size: tuple[int, int]
    norm_mean: tuple[float, ...]
    norm_std: tuple[float, ...]
    trained_on_rendered: bool | None
    written_by: str
    numbers: str = 'float32'
    resize: str = 'bilinear, antialiased, as of Pillow'

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs of the graph."""
        names = () if self.schema is None else self.schema.names
        descriptor = (DESCRIPTOR,) if self.descriptor_size else ()
        return (*descriptor, *(ATTRIBUTE + name for name in names))

    def as_properties(self) -> dict[str, str]:
        """Return name -> value in JSON, as a file holds them."""
        content = asdict(self) | {
            'schema': None if self.schema is None else self.schema.as_dict(),
            'format_version': FORMAT_VERSION,
        }
        return {_PREFIX + name: json.dumps(value) for name, value in content.items()}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str], path: str) -> 'Facts':
        """Return the facts that a file holds; those of others in it are ignored.

        Args:
            properties: of the file.
            path: of the file, for messages.

        Raises:
            InputError: the file has none of ours, or they are of another version or damaged.
        """
        content: dict[str, Any] = {}
        try:
            for name, value in properties.items():
                if name.startswith(_PREFIX):
                    content[name.removeprefix(_PREFIX)] = json.loads(value)
            version = content.pop('format_version', None)
            if version is None:
                raise InputError(
                    f'"{path}" does not say which attributes and images it is for, because '
                    f'midattr-export has not written it; {_REMEDY}'
                )
            if version != FORMAT_VERSION:
                raise InputError(
                    f'"{path}" has the format version {version}, but this version of '
                    f'midattr_plugin reads version {FORMAT_VERSION}; {_REMEDY}'
                )
            if content['schema'] is not None:
                content['schema'] = AttributeSchema.from_dict(content['schema'])
            for name in ('image_size', 'norm_mean', 'norm_std'):
                content[name] = tuple(content[name])
            return cls(**content)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise InputError(
                f'"{path}" describes its model incompletely ({error}); {_REMEDY}'
            ) from error
