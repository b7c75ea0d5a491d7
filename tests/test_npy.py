"""Object arrays of the original scripts, and what a pickle may not do here."""

import io
import os
import pickle
import subprocess
import sys
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


POINTER = b"AAAAAAAA"  # where an array of objects would look for one


class AnyType:
    """A type with a given code and state, as a file may claim it."""

    def __init__(self, code="O8", state=(3, "|", None, None, None, -1, -1, 63)):
        self.made = (np.dtype, (code, False, True), state)

    def __reduce__(self):
        return self.made


class AnyArray:
    """An array with a given state: version, shape, type, Fortran's order, content."""

    def __init__(self, *state):
        empty = np.empty(0)
        self.made = (*empty.__reduce__()[:2], state)

    def __reduce__(self):
        return self.made


NO_OBJECT = AnyType(state=(3, "|", None, None, None, -1, -1, 0))
FLOAT = (3, "<", None, None, None, -1, -1, 0)
SCALAR = np.float32(0).__reduce__()[0]
FROM_BUFFER = np.empty(1).__reduce_ex__(5)[0]
DATA = bytes(8)
PLANTED = {
    "ndarray with a buffer": Evil(np.ndarray, (1,), AnyType(), POINTER),
    "ndarray with strides": Evil(np.ndarray, (9,), AnyType("f4", FLOAT), DATA, 0, (1 << 40,)),
    "ndarray without bytes": Evil(np.ndarray, (1 << 40,)),
    "type without its flags": AnyArray(1, (1,), NO_OBJECT, False, POINTER),
    "scalar": Evil(SCALAR, NO_OBJECT, POINTER),
    "scalar that is short": Evil(SCALAR, AnyType("f8", FLOAT), b"1"),
    "frombuffer": Evil(FROM_BUFFER, POINTER, NO_OBJECT, (1,), "C"),
    "frombuffer, too large": Evil(FROM_BUFFER, DATA, AnyType("f4", FLOAT), (9,), "C"),
    "objects as bytes": AnyArray(1, (1,), AnyType(), False, POINTER),
    "floats as a list": AnyArray(1, (1,), AnyType("f8", FLOAT), False, [1.0]),
    "too few bytes": AnyArray(1, (1 << 40,), AnyType("f8", FLOAT), False, DATA),
    "too few objects": AnyArray(1, (1 << 40,), AnyType(), False, [None]),
    "a shape below 0": AnyArray(1, (-1, -1), AnyType("f8", FLOAT), False, DATA),
    "fields": AnyArray(
        1, (1,), AnyType("V8", (3, "|", None, ("a",), {"a": (AnyType(), 0)}, 8, 1, 0)), False, DATA
    ),
    "a subarray": AnyArray(
        1, (1,), AnyType("V8", (3, "|", (AnyType(), (1,)), None, None, 8, 1, 0)), False, DATA
    ),
    "an item of 1 GB": AnyArray(
        1, (1,), AnyType("f4", (3, "<", None, None, None, 1 << 30, 1, 0)), False, DATA
    ),
    "text that is none": AnyArray(
        1, (2,), AnyType("U1", (3, "<", None, None, None, 4, 4, 8)), False, b"\xff" * 8
    ),
    "state set twice": Evil(np.dtype, AnyType()),
    "a bytearray of 1 TB": Evil(bytearray, 1 << 40),
    "a list into a dict": Evil(OrderedDict, [([], 1)]),
}
DEEP = 100_000
BYTES = {
    "tuples as a key": b"\x80\x02}" + b"K\x01" + b"\x85" * DEEP + b"Ns.",
    "an array without content": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
    b"K\x00\x85U\x01b\x87R.",
    "a place of 1 TB": b"\x80\x02Nr\xff\xff\xff\xff.",
    "bytes of 1 TB": b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x.",
    "a bytearray's bytes of 1 TB": b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b"x.",
    "an instance": b"\x80\x02(ios\nmkdir\n.",
    "another buffer": b"\x80\x05\x97.",
    "arrays within arrays": b"\x80\x02cnumpy\ndtype\nX\x02\0\0\0O8\x89\x88\x87R(K\x03"
    b"X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tbq\x000"
    + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x01\x85h\x00\x89](" * 5000 + b"N" + b"etb" * 5000 + b".",
}
READER = """
import resource, sys
from pathlib import Path
from actalign.errors import UsageError
from actalign.evaluation.atlas._npy import load_objects
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for path in sys.argv[1:]:
    try:
        print(repr(load_objects(Path(path)).tolist())[:200])
    except UsageError as error:
        print(error)
"""


def test_a_planted_pointer_or_size_is_refused_before_it_is_used(tmp_path):
    """In a child: these files crash a reader that trusts what the allowed names are called with."""
    paths = [
        npy(tmp_path / f"{n}.npy", made if isinstance(made, bytes) else object_column([made]))
        for n, made in enumerate([*PLANTED.values(), *BYTES.values()])
    ]
    child = subprocess.run(
        [sys.executable, "-c", READER, *paths], capture_output=True, text=True, timeout=60
    )
    assert child.returncode == 0, child.stderr[-500:]
    said = child.stdout.splitlines()
    for name, path, line in zip([*PLANTED, *BYTES], paths, said, strict=True):
        assert line.startswith(f"The file {path} is "), (name, line)
        assert any(word in line for word in (" refused: ", "cut short", "not hold")), (name, line)


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
def test_arrays_of_every_simple_type_come_back_bit_for_bit(tmp_path, protocol):
    arrays = [np.arange(6).reshape(2, 3).astype(code) for code in "?bBhHiIlLefdFDSU"]
    arrays += [np.arange(6.0).reshape(2, 3).T, np.arange(4, dtype=">i4"), np.empty((0, 3)), "x"]
    arrays += [np.array("ä"), np.array(["ab", "c"]), np.empty((2, 0), object), np.float16(1.5)]
    shared = object_column([arrays[0], arrays[0], np.array([[None, {"a": 1}]], dtype=object)])
    found = load_objects(
        npy(tmp_path / "x.npy", object_column([*arrays, shared]), protocol=protocol, shape=(25,))
    )
    for ours, theirs in zip(found[:-1], arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)
    assert found[-1][0] is found[-1][1]
    found[0][0, 0] = True  # as NumPy's own reader, it gives arrays to write to
    assert found[-1][2].tolist() == [[None, {"a": 1}]]


def test_a_plain_array_takes_no_more_memory_than_its_file(tmp_path):
    header = io.BytesIO()
    claim = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(header, claim)
    (tmp_path / "x.npy").write_bytes(header.getvalue() + bytes(64))
    with pytest.raises(UsageError, match="cut short"):
        load_objects(tmp_path / "x.npy")


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
