"""Sixteen float32 numbers at once, for compiled code: what small networks are made of.

Beside :mod:`envs.core.lanes`. Numbers are added in the order that the code says, which a compiler
keeps only if it is not asked to vectorise sums itself: so results are the same bytes every time.

Example (compiled code only): add a row of weights, times x, to sixteen sums.
    >>> sums = multiply_add(spread(x), load(weights, 0), load(out, 0))      # doctest: +SKIP
    >>> store(out, 0, sums)
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import intrinsic, register_model

from envs.core.lanes import LINE, loading, spreading, storing

_FLOAT = ir.FloatType()
_LINE = ir.VectorType(_FLOAT, LINE)


class Floats(types.Type):
    """Numba's type of sixteen float32 numbers."""

    def __init__(self) -> None:
        super().__init__(name="Floats")


floats = Floats()


@register_model(Floats)
class _FloatsModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _LINE)


load, store = loading(floats, _LINE), storing(_LINE)
spread = spreading(floats, types.float32, _LINE)


@intrinsic
def multiply_add(_context: Any, _left: Any, _right: Any, _sum: Any) -> Any:
    """Return left * right + sum, in one rounding where the processor has it."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return _call(builder, "llvm.fmuladd.v16f32", _LINE, values)

    return floats(floats, floats, floats), lower


@intrinsic
def plus(_context: Any, _left: Any, _right: Any) -> Any:
    """Add lane by lane."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.fadd(*values)

    return floats(floats, floats), lower


@intrinsic
def larger(_context: Any, _left: Any, _right: Any) -> Any:
    """Return, lane by lane, the larger number."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *values), *values)

    return floats(floats, floats), lower


@intrinsic
def total(_context: Any, _value: Any) -> Any:
    """Return the sum of the 16 numbers, added one after the other."""

    def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        zero = ir.Constant(_FLOAT, 0.0)
        return _call(builder, "llvm.vector.reduce.fadd.v16f32", _FLOAT, [zero, *values])

    return types.float32(floats), lower


def _call(builder: Any, name: str, result: Any, values: Any) -> Any:
    """Call one of LLVM's own functions."""
    kind = ir.FunctionType(result, [value.type for value in values])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, values)
