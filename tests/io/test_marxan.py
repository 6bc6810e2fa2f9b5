"""Marxan's files: what is written reads back; what is wrong is refused with file and row."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.io.marxan import read_marxan, write_marxan
from tianren.science.choice import Borders, Problem, border_length, make_problem

PU = "id,cost,status\n3,1,0\n1,2,2\n7,3,3\n"
SPEC = "id\tprop\tspf\tname\n10\t0.5\t1.5\tlemur\n20\t0.25\t1\tbaobab\n"
PUVSPR = "species,pu,amount\n10,1,4\n20,1,2\n10,3,6\n20,7,6\n"


def folder_of(path: Path, **files: str) -> Path:
    usual = {"pu": PU, "spec": SPEC, "puvspr": PUVSPR}
    for name, text in {**usual, **files}.items():
        (path / f"{name}.dat").write_text(text)
    return path


def test_shares_statuses_and_names_are_read(tmp_path: Path) -> None:
    found = read_marxan(folder_of(tmp_path)).problem
    assert found.units == ("3", "1", "7") and found.features == ("lemur", "baobab")
    assert found.targets.tolist() == [5.0, 2.0]  # half of 4 + 6, a quarter of 2 + 6
    assert found.status.ravel().tolist() == [0, 2, 3]
    assert found.amounts[0].toarray().tolist() == [[6, 0], [4, 2], [0, 6]]


def test_blocks_give_what_a_species_does_not(tmp_path: Path) -> None:
    spec = "id,type,prop,spf,name\n10,1,-1,-1,lemur\n20,1,0.5,2,baobab\n"
    block = "type,prop,spf\n1,0.1,9\n"
    found = read_marxan(folder_of(tmp_path, spec=spec, block=block)).problem
    assert found.targets.tolist() == [1.0, 4.0]
    assert found.spf is not None and found.spf.tolist() == [9.0, 2.0]


def test_borders_and_blm(tmp_path: Path) -> None:
    bound = "id1 id2 boundary\n3 1 2.5\n1 1 4\n"
    folder = folder_of(tmp_path, bound=bound, input="BLM 0.5\nINPUTDIR .\n")
    found = read_marxan(folder).problem
    assert found.penalty == 0.5
    assert border_length(found, np.array([[True], [False], [False]])) == 2.5
    assert border_length(found, np.array([[True], [True], [False]])) == 4


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_what_is_written_reads_back(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    amounts = rng.random((n, m)) * (rng.random((n, m)) < 0.7)
    borders = Borders(np.arange(n - 1), np.arange(1, n), rng.random(n - 1), rng.random(n))
    made = make_problem(
        rng.random(n), amounts, amounts.sum(axis=0) * rng.random(m),
        units=[str(i * 3 + 1) for i in range(n)], features=[f"beast {i}, red" for i in range(m)],
        status=rng.integers(0, 4, n), borders=borders, penalty=0.25, spf=rng.random(m),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("marxan")
    write_marxan(folder, made)
    _same(read_marxan(folder).problem, made)


def _same(found: Problem, made: Problem) -> None:
    assert (found.units, found.features) == (made.units, made.features)
    assert np.array_equal(found.cost, made.cost) and np.array_equal(found.status, made.status)
    assert np.array_equal(found.targets, made.targets)
    assert found.spf is not None and made.spf is not None and np.array_equal(found.spf, made.spf)
    assert np.array_equal(found.amounts[0].toarray(), made.amounts[0].toarray())
    assert found.borders is not None and made.borders is not None
    assert np.array_equal(found.borders.length, made.borders.length)
    assert np.array_equal(found.borders.edge, made.borders.edge)
    assert found.penalty == made.penalty


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"pu": "id,cost,status\n1,2,0\n1,2,0\n"}, r"pu.dat, row 3: the id 1 stands twice"),
        ({"pu": "id,cost,status\n3,1,0\n1,x,0\n7,1,0\n"}, r"row 3, column cost: 'x' is no number"),
        ({"pu": "id,cost,status\n3,1,0\n1,-4,0\n7,1,0\n"}, r"a cost is negative .*1: -4"),
        ({"pu": "id,cost,status\n3,1,9\n1,4,0\n7,1,0\n"}, r"row 2: the status 9"),
        ({"puvspr": "species,pu,amount\n10,99,1\n"}, r"row 2: pu 99 is in no other file"),
        ({"puvspr": "species,pu\n10,1\n"}, r"there is no column amount"),
        ({"puvspr": PUVSPR + "10,1,4\n"}, r"row 6: species 10 stands twice in unit 1"),
        ({"input": "PUNAME ../../etc/passwd\nINPUTDIR ..\n"}, r"outside the folder"),
    ],
)
def test_what_is_wrong_is_refused_with_its_row(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        read_marxan(folder_of(tmp_path, **files))
