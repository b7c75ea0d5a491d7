"""Object arrays of the original scripts, and what a pickle may not do here."""

import io
import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from actalign.errors import UsageError
from actalign.evaluation.atlas._npy import load_objects, object_column, save_objects


def npy(path, obj, *, protocol=3, shape=(1,), replace=None):
    """An `.npy` of object type whose pickle is given, as np.save frames it."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|O", "fortran_order": False, "shape": shape}
    )
    data = obj if isinstance(obj, bytes) else pickle.dumps(obj, protocol=protocol)
    path.write_bytes(file.getvalue() + (data.replace(*replace) if replace else data))
    return path


class Evil:
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_is_refused_and_nothing_of_it_runs(tmp_path, protocol):
    trap = tmp_path / "trap"
    array = object_column([Evil(os.mkdir, str(trap))])
    path = npy(tmp_path / "evil.npy", array, protocol=protocol)
    with pytest.raises(UsageError, match=r"evil.npy is refused: it asks for (posix|nt)\.mkdir"):
        load_objects(path)
    assert not trap.exists()
    np.load(path, allow_pickle=True)  # the same file does run code where it is unpickled freely
    assert trap.exists()


@pytest.mark.parametrize(
    "function", [eval, getattr, __import__, os.system, pickle.loads, np.load, np.fromfile]
)
def test_no_function_but_array_making_is_reachable(tmp_path, function):
    array = object_column([Evil(function, "1")])
    with pytest.raises(UsageError, match="refused: it asks for"):
        load_objects(npy(tmp_path / "x.npy", array))


def test_dotted_names_and_object_scalars_are_refused(tmp_path):
    dotted = b"\x80\x04\x8c\x05numpy\x8c\x0dndarray.dumps\x93."
    hidden = (
        b"\x80\x03cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R"
        b"X\x01\x00\x00\x00x\x86R."
    )
    for data in (dotted, hidden):
        with pytest.raises(UsageError, match="refused"):
            load_objects(npy(tmp_path / "x.npy", data))


@pytest.mark.parametrize("module", [b"numpy.core", b"numpy._core"])
@pytest.mark.parametrize("protocol", [2, 3])
def test_files_of_numpy_1_and_numpy_2_are_read(tmp_path, module, protocol):
    array = object_column(
        [np.arange(6, dtype=np.float32).reshape(2, 3), None, [1, "a", 2.5, True], np.float64(3)]
    )
    replace = (b"numpy.core", module) if b"numpy.core" in pickle.dumps(array, 2) else (b"", b"")
    path = npy(tmp_path / "x.npy", array, protocol=protocol, shape=(4,), replace=replace)
    found = load_objects(path)
    np.testing.assert_array_equal(found[0], array[0])
    assert list(found[1:]) == [None, [1, "a", 2.5, True], 3.0]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_containers_of_every_kind_are_read(tmp_path, protocol):
    value = {
        "t": (1, 2),
        "s": {3},
        "f": frozenset({4}),
        "o": OrderedDict(a=1),
        "b": b"\xff",
        "c": 1j,
    }
    array = object_column([value, np.array([np.zeros((2, 2)), "x"], dtype=object)])
    found = load_objects(npy(tmp_path / "x.npy", array, protocol=protocol, shape=(2,)))
    assert found[0] == value
    assert found[1][1] == "x"


def test_what_we_write_numpy_reads_and_we_read_what_numpy_writes(tmp_path):
    rows = [np.ones((2, 3), np.float32), None, np.ones((4, 3), np.float32)]
    save_objects(tmp_path / "ours.npy", object_column(rows))
    np.save(tmp_path / "theirs.npy", object_column(rows), allow_pickle=True)
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()
    for name in ("ours.npy", "theirs.npy"):
        found = load_objects(tmp_path / name)
        assert found.shape == (3,)
        assert found[1] is None
        np.testing.assert_array_equal(found[2], rows[2])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ours.npy", "theirs.npy"]


def test_a_column_keeps_one_dimension_whatever_the_shapes():
    same = [np.zeros((2, 3)), np.zeros((2, 3))]
    assert np.array(same, dtype=object).shape == (2, 2, 3)  # the trap
    assert object_column(same).shape == (2,)


def test_plain_arrays_and_damaged_files(tmp_path):
    np.save(tmp_path / "plain.npy", np.arange(4))
    assert load_objects(tmp_path / "plain.npy").tolist() == [0, 1, 2, 3]
    save_objects(tmp_path / "whole.npy", object_column([np.ones(1000), "a"]))
    data = (tmp_path / "whole.npy").read_bytes()
    for cut in (0, 5, 100, 500, len(data) - 3):
        (tmp_path / "cut.npy").write_bytes(data[:cut])
        with pytest.raises(UsageError, match=r"cut\.npy"):
            load_objects(tmp_path / "cut.npy")
    with pytest.raises(UsageError, match="is missing"):
        load_objects(tmp_path / "nowhere.npy")
