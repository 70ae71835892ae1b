"""From a tree to the value: the writer's way back."""

from __future__ import annotations

from perqueue.codec import instances
from perqueue.codec.class_loading import class_from_tree
from perqueue.codec.compat import LooseDict
from perqueue.codec.errors import DecodeError
from perqueue.codec.registry import codec_for_tag, plugged_for_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perqueue.codec.blob_protocols import BlobSource


class Reader:
    """Makes values of trees; ``loose`` gives the shapes of JSON (see :func:`perqueue.codec.decode`)."""

    def __init__(self, blobs: BlobSource, *, loose: bool = False) -> None:
        self._blobs = blobs
        self._loose = loose

    def read(self, tree: Any) -> Any:
        """The value of ``tree``. Raises DecodeError."""
        if type(tree) is dict:
            if len(tree) == 1:
                ((key, body),) = tree.items()
                if key[:1] == "$":
                    return self._marked(key[1:], body)
            return {key: self.read(item) for key, item in tree.items()}
        if type(tree) is list:
            return [self.read(item) for item in tree]
        return tree

    def _marked(self, tag: str, body: Any) -> object:
        try:
            return self._unmarked(tag, body)
        except (DecodeError, RecursionError):
            raise
        except Exception as error:  # the body may be anything, and so may what a codec makes of it
            raise DecodeError(
                f"a value marked {'$' + tag!r}",
                f"{type(error).__name__}: {error}",
                "restore the text if it was altered, or convert it with the version of its types that wrote it",
            ) from error

    def _unmarked(self, tag: str, body: Any) -> object:
        match tag:
            case "tuple":
                items = [self.read(item) for item in body]
                return items if self._loose else tuple(items)
            case "set" | "frozenset":
                items = [self.read(item) for item in body]
                return items if self._loose else set(items) if tag == "set" else frozenset(items)
            case "dict":
                return self._dict(body)
            case "float":
                return float(body)
            case "int":
                return int(body, 16)
            case "str":
                return "".join(body)
        # Inside of these, the types are what their makers rely on, whatever shapes were asked for.
        typed = Reader(self._blobs) if self._loose else self
        return typed._built(tag, body)

    def _built(self, tag: str, body: Any) -> object:
        match tag:
            case "array":
                from perqueue.codec.numpy_arrays import array_from_tree

                return array_from_tree(body, self._blobs)
            case "enum":
                what = "name" if "name" in body else "value"
                return instances.enum_from(class_from_tree(body), what, self.read(body[what]))
            case "namedtuple" | "object":
                make = instances.object_from if tag == "object" else instances.namedtuple_from
                fields = {name: self.read(item) for name, item in body["fields"].items()}
                return make(class_from_tree(body), fields)
        codec = codec_for_tag(tag) or plugged_for_tag(tag)
        if codec is None:
            raise DecodeError(
                f"a value marked {'$' + tag!r}",
                "no codec has this tag",
                "install the plugin that stored it (`pq plugins` shows what there is), or a newer perqueue",
            )
        return codec.decode(self.read(body))

    def _dict(self, pairs: list[list[Any]]) -> dict[Any, object]:
        if self._loose:
            typed = Reader(self._blobs)
            return {str(typed.read(key)): self.read(item) for key, item in pairs}
        made = {self.read(key): self.read(item) for key, item in pairs}
        return made if all(type(key) is str for key in made) else LooseDict(made)
