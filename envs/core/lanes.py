"""Sixteen int32 numbers at once, for compiled code: what loops over a shop are made of.

A compiler vectorises a short loop with so much around it that little is won. Here a loop over
whole lines of 16 numbers says what it means, and costs an instruction or two a line; processors
with narrower registers split a line among several. Regions that are read so must be padded to
whole lines.

Example (compiled code only):
    >>> low = spread(FAR)                                    # doctest: +SKIP
    >>> for line in range(0, lanes, LINE):
    ...     low = lesser(low, load(shop, start + line))
    >>> earliest = least(low)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import intrinsic, overload, register_model

LINE = 16


def whole_lines(size: int) -> int:
    """Round a size up to whole lines."""
    return -(-size // LINE) * LINE


_INT = ir.VectorType(ir.IntType(32), LINE)
_FLAG = ir.VectorType(ir.IntType(1), LINE)


class Lanes(types.Type):
    """Numba's type of sixteen int32 numbers."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


class Flags(types.Type):
    """Numba's type of sixteen truth values."""

    def __init__(self) -> None:
        super().__init__(name="Flags")


lanes, flags = Lanes(), Flags()


@register_model(Lanes)
class _LanesModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _INT)


@register_model(Flags)
class _FlagsModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _FLAG)


def loading(kind: Any, vector: ir.VectorType) -> Any:
    """Make the function that reads a vector of a kind from memory."""

    @intrinsic
    def load(_context: Any, place: Any, index: Any) -> Any:
        """Return the 16 numbers from place[index] on."""

        def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            first = builder.gep(values[0], [values[1]])
            return builder.load(builder.bitcast(first, vector.as_pointer()), align=4)

        return kind(place, types.intp), lower

    return load


def storing(vector: ir.VectorType) -> Any:
    """Make the function that writes a vector to memory."""

    @intrinsic
    def store(_context: Any, place: Any, index: Any, value: Any) -> Any:
        """Write 16 numbers from place[index] on."""

        def lower(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            first = builder.gep(values[0], [values[1]])
            builder.store(values[2], builder.bitcast(first, vector.as_pointer()), align=4)
            return context.get_dummy_value()

        return types.none(place, types.intp, value), lower

    return store


def spreading(kind: Any, number: Any, vector: ir.VectorType) -> Any:
    """Make the function that fills a vector of a kind with one number."""

    @intrinsic
    def spread(_context: Any, _value: Any) -> Any:
        """Return 16 times the same number."""

        def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            one = builder.insert_element(
                ir.Constant(vector, ir.Undefined), values[0], ir.Constant(ir.IntType(32), 0)
            )
            return builder.shuffle_vector(one, one, ir.Constant(_INT, [0] * LINE))

        return kind(number), lower

    return spread


load, store, spread = loading(lanes, _INT), storing(_INT), spreading(lanes, types.int32, _INT)


@intrinsic
def places(_context: Any) -> Any:
    """Return the numbers 0 to 15."""

    def lower(_context: Any, _builder: Any, _signature: Any, _values: Any) -> Any:
        return ir.Constant(_INT, list(range(LINE)))

    return lanes(), lower


@intrinsic
def choose(_context: Any, _flag: Any, _yes: Any, _no: Any) -> Any:
    """Return, lane by lane, `yes` where the flag is set and `no` elsewhere."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.select(*values)

    return lanes(flags, lanes, lanes), lower


@intrinsic
def bits(_context: Any, _flag: Any) -> Any:
    """Return the flags as the low 16 bits of an integer, lane 0 lowest."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.zext(builder.bitcast(values[0], ir.IntType(16)), ir.IntType(64))

    return types.int64(flags), lower


@intrinsic
def lowest_bit(_context: Any, _value: Any) -> Any:
    """Return the place of the lowest bit that is set; the number must not be 0."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), lower


@intrinsic
def count_bits(_context: Any, _value: Any) -> Any:
    """Return how many bits are set."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.ctpop(values[0])

    return types.int64(types.int64), lower


def _reduce(name: str, doc: str) -> Any:
    """Make the function that reduces 16 numbers to one."""

    def typed(_context: Any, _value: Any) -> Any:
        def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            kind = ir.FunctionType(ir.IntType(32), [_INT])
            full = f"llvm.vector.reduce.{name}.v16i32"
            function = builder.module.globals.get(full) or ir.Function(builder.module, kind, full)
            return builder.call(function, values)

        return types.int32(lanes), lower

    typed.__doc__ = doc
    return intrinsic(typed)


def _pair(result: Any, build: Callable[[Any, Any, Any], Any], doc: str) -> Any:
    """Make a function of two vectors, lane by lane."""

    def typed(_context: Any, _left: Any, _right: Any) -> Any:
        def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return build(builder, *values)

        return result(lanes, lanes), lower

    typed.__doc__ = doc
    return intrinsic(typed)


least = _reduce("smin", "Return the least of 16 numbers.")
most = _reduce("smax", "Return the greatest of 16 numbers.")
total = _reduce("add", "Return the sum of 16 numbers.")
lesser = _pair(
    lanes,
    lambda b, x, y: b.select(b.icmp_signed("<", x, y), x, y),
    "Return, lane by lane, the lesser number.",
)
greater = _pair(
    lanes,
    lambda b, x, y: b.select(b.icmp_signed(">", x, y), x, y),
    "Return, lane by lane, the greater number.",
)
_OPERATORS: dict[Callable[[Any, Any], Any], Any] = {
    operator.add: _pair(lanes, lambda b, x, y: b.add(x, y), "Add lane by lane."),
    operator.sub: _pair(lanes, lambda b, x, y: b.sub(x, y), "Subtract lane by lane."),
    operator.and_: _pair(lanes, lambda b, x, y: b.and_(x, y), "And lane by lane."),
    operator.eq: _pair(flags, lambda b, x, y: b.icmp_signed("==", x, y), "Compare."),
    operator.ne: _pair(flags, lambda b, x, y: b.icmp_signed("!=", x, y), "Compare."),
    operator.lt: _pair(flags, lambda b, x, y: b.icmp_signed("<", x, y), "Compare."),
    operator.le: _pair(flags, lambda b, x, y: b.icmp_signed("<=", x, y), "Compare."),
}


def _overload(name: Callable[[Any, Any], Any], function: Any) -> None:
    """Give the vectors an operator."""

    @overload(name)
    def implementation(left, right):  # unannotated: numba compares signatures
        if isinstance(left, Lanes) and isinstance(right, Lanes):
            return lambda left, right: function(left, right)
        return None


for _name, _function in _OPERATORS.items():
    _overload(_name, _function)
