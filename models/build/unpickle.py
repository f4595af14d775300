"""Reads a state dict from a `.pth` file in PyTorch's legacy layout, without PyTorch.

The layout (torch/serialization.py, `_legacy_save`): five pickles one after the other - a magic
number, the protocol version, facts about the writing machine, the state dict, the sorted list of
storage keys - and then, in the order of those keys, each storage as an int64 count and its
little-endian numbers. A tensor of the dict only points into a storage: offset, shape and strides.

The unpickler knows four names and refuses all others, so a hostile file can run nothing.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


@dataclass(frozen=True)
class Storage:
    key: str
    dtype: np.dtype
    count: int


@dataclass(frozen=True)
class TensorRef:
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage, offset, shape, strides, _requires_grad, _hooks, *_rest):
    return TensorRef(storage, offset, tuple(shape), tuple(strides))


_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return _ALLOWED[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weight file") from None

    def persistent_load(self, pid):
        kind, dtype, key, _location, count, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"unknown reference {pid!r}")
        return Storage(key, dtype, count)


def _load(file: BinaryIO):
    return _Unpickler(file).load()


def _read_storages(file: BinaryIO, keys: list[str], wanted: dict[str, Storage]) -> dict[str, np.ndarray]:
    storages = {}
    for key in keys:
        storage = wanted[key]
        count = int.from_bytes(file.read(8), "little")
        if count != storage.count:
            raise ValueError(f"storage {key} has {count} numbers, expected {storage.count}")
        raw = file.read(count * storage.dtype.itemsize)
        storages[key] = np.frombuffer(raw, dtype=storage.dtype, count=count)
    return storages


def _view(ref: TensorRef, flat: np.ndarray) -> np.ndarray:
    """The tensor as an own contiguous array. Its strides count: these tensors are not contiguous."""
    last = ref.offset + sum((n - 1) * s for n, s in zip(ref.shape, ref.strides))
    if min((ref.offset, *ref.shape, *ref.strides), default=0) < 0 or last >= flat.size:
        raise ValueError(f"a tensor of shape {ref.shape} leaves its storage")
    strides = tuple(s * flat.itemsize for s in ref.strides)
    return np.lib.stride_tricks.as_strided(flat[ref.offset :], ref.shape, strides).copy()


def read_state_dict(path: str) -> dict[str, np.ndarray]:
    """Name -> array, in the file's order. Raises ValueError or UnpicklingError on any surprise."""
    with open(path, "rb") as file:
        if _load(file) != MAGIC:
            raise ValueError(f"{path} is not a legacy PyTorch file")
        if _load(file) != PROTOCOL:
            raise ValueError(f"{path} has an unknown protocol version")
        if not _load(file)["little_endian"]:
            raise ValueError(f"{path} is big-endian")
        refs: dict[str, TensorRef] = _load(file)
        keys: list[str] = _load(file)
        wanted = {ref.storage.key: ref.storage for ref in refs.values()}
        storages = _read_storages(file, keys, wanted)
        if file.read(1):
            raise ValueError(f"{path} has bytes after its last storage")
    return {name: _view(ref, storages[ref.storage.key]) for name, ref in refs.items()}
