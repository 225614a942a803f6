"""The natural logarithm of float32 numbers in a dozen instructions, for compiled code.

The polynomial is that of Cephes' `logf` (Moshier, www.netlib.org/cephes), whose error is a unit in
the last place; a call of the library's function took four times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from envs.core.compiled import inlined

HALF_ROOT = np.int32(0x3F3504F3)  # bits of the square root of a half


def _reinterpret(target: Any, kind: ir.Type) -> Any:
    """Make the function that reads the bits of a number as another kind of number."""

    @intrinsic
    def convert(_context: Any, number: Any) -> Any:
        """Return the number with the same bits."""

        def lower(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return builder.bitcast(values[0], kind)

        return target(number), lower

    return convert


_bits = _reinterpret(types.int32, ir.IntType(32))
_float = _reinterpret(types.float32, ir.FloatType())


@inlined
def log(x):
    """Return the natural logarithm of a float32, which must be positive, finite and normal."""
    # x is m * 2 ** e with m from the square root of a half to that of two.
    above = np.int32(_bits(np.float32(x)) - HALF_ROOT)
    e = np.int32(above >> np.int32(23))
    m = _float(np.int32(_bits(np.float32(x)) - np.int32(e << np.int32(23))))
    f = np.float32(m - np.float32(1.0))
    z = np.float32(f * f)
    y = np.float32(7.0376836292e-2)
    y = y * f + np.float32(-1.1514610310e-1)
    y = y * f + np.float32(1.1676998740e-1)
    y = y * f + np.float32(-1.2420140846e-1)
    y = y * f + np.float32(1.4249322787e-1)
    y = y * f + np.float32(-1.6668057665e-1)
    y = y * f + np.float32(2.0000714765e-1)
    y = y * f + np.float32(-2.4999993993e-1)
    y = y * f + np.float32(3.3333331174e-1)
    y = y * f * z
    exponent = np.float32(e)
    y += np.float32(-2.12194440e-4) * exponent
    y -= np.float32(0.5) * z
    return f + y + np.float32(0.693359375) * exponent


@inlined
def signed_log(x):
    """Return sign(x) ln(1 + |x|) as float32."""
    value = log(np.float32(1.0) + np.float32(abs(x)))
    return value if x >= 0 else -value
