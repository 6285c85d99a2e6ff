from __future__ import annotations

import ctypes
import sys

import pytest
from numpy.linalg import _umath_linalg

from ketway.engines import blas


@pytest.mark.skipif(sys.platform != "linux", reason="numpy's wheels may stand on other libraries")
def test_numpy_of_the_package_index_is_told_to_use_one_thread() -> None:
    """Numpy's wheels bring OpenBLAS, and name its functions so."""
    library = ctypes.CDLL(_umath_linalg.__file__)
    before = library.scipy_openblas_get_num_threads64_()
    library.scipy_openblas_set_num_threads64_(3)
    blas.use_one_thread.cache_clear()
    try:
        assert blas.use_one_thread()
        assert library.scipy_openblas_get_num_threads64_() == 1
    finally:
        library.scipy_openblas_set_num_threads64_(before)
        blas.use_one_thread.cache_clear()
