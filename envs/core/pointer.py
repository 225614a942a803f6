"""Pointers for compiled code: what an array costs in an inner loop, a pointer does not.

Numba tests every signed array index for being negative, which also stops vectorisation, and
counts references wherever an array is passed to a function. A pointer has neither. In the shop
kernel that halved the time of a step.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic


@intrinsic
def pointer(_context: Any, array: Any) -> Any:
    """Return a pointer to the first element of a contiguous array. Compiled code only.

    Nothing checks its bounds and nothing keeps the array alive: use it inside the function that
    received the array as an argument, and never return it. An array made in the function itself
    is freed as soon as only its pointer is left.
    """

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, values[0]).data

    return types.CPointer(array.dtype)(array), lower


@intrinsic
def shift(_context: Any, place: Any, elements: Any) -> Any:
    """Return the pointer that lies this many elements further on. Compiled code only."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.gep(values[0], [values[1]])

    return place(place, types.intp), lower


@intrinsic
def as_float32(_context: Any, _place: Any) -> Any:
    """Return a pointer to int32 as one to float32: scratch memory for either. Compiled only."""

    def lower(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], context.get_value_type(types.CPointer(types.float32)))

    return types.CPointer(types.float32)(_place), lower
