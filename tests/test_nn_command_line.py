from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest

import nn
from nn.__main__ import main

N = 120


def write(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Three classes along a line, at a scale far from 1."""
    rows = [
        [1000.0 + 300 * (i % 3) + 20 * math.sin(i), math.cos(i), ["iris", "lily", "rose"][i % 3]]
        for i in range(N)
    ]
    return write(tmp_path / "flowers.csv", ["length", "width", "kind"], rows)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A number that is a smooth function of two others, at a scale far from 1."""
    rows = [[i, i % 7, 5000.0 + 40.0 * i - 100.0 * (i % 7)] for i in range(N)]
    return write(tmp_path / "prices.csv", ["area", "age", "price"], rows)


def test_labels_are_learnt_and_predicted_from_raw_columns(
    flowers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, predictions = tmp_path / "model.safetensors", tmp_path / "predictions.csv"
    train = [
        "train",
        flowers,
        "--target",
        "kind",
        "--hidden",
        "6",
        "--epochs",
        "60",
        "--out",
        model,
    ]
    assert main([str(word) for word in train]) == 0
    assert "validation accuracy 1.000" in capsys.readouterr().out
    assert main(["predict", str(model), str(flowers), "--out", str(predictions)]) == 0
    with open(predictions, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows[:3]] == ["iris", "lily", "rose"]
    for row in rows:
        assert sum(float(row[f"p({kind})"]) for kind in ("iris", "lily", "rose")) == pytest.approx(
            1
        )
    assert nn.files.notes(model)["columns"] == ["length", "width"]


def test_numbers_are_learnt_and_printed_in_the_tables_own_units(
    prices: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.safetensors"
    train = [
        "train",
        prices,
        "--target",
        "price",
        "--hidden",
        "8,4",
        "--epochs",
        "150",
        "--out",
        model,
    ]
    assert main([str(word) for word in train]) == 0
    out = capsys.readouterr().out
    assert float(out.split("R²")[1].split()[0]) > 0.95
    assert main(["predict", str(model), str(prices)]) == 0
    header, *values = capsys.readouterr().out.split()
    assert header == "price"
    assert float(values[50]) == pytest.approx(5000 + 40 * 50 - 100, rel=0.1)


def test_two_classes_can_share_one_output(flowers: Path, tmp_path: Path) -> None:
    lines = [line for line in flowers.read_text("utf-8").splitlines() if "rose" not in line]
    pair = tmp_path / "pair.csv"
    pair.write_text("\n".join(lines), "utf-8")
    out = tmp_path / "pair.safetensors"
    words = ["train", str(pair), "--target", "kind", "--loss", "bce_with_logits", "--out", str(out)]
    assert main([*words, "--epochs", "20"]) == 0
    assert nn.load(out).sizes[-1] == 1
    assert main(["predict", str(out), str(pair), "--out", str(tmp_path / "p.csv")]) == 0


BAD = {
    "no such column": (b"a,kimd\n1,x\n2,y\n", "did you mean 'kimd'?"),
    "text in numbers": (b"a,kind\n1,x\ntwo,y\n", "row 3, column 'a': 'two' is not a finite number"),
    "nothing": (b"", "no rows"),
    "a header only": (b"a,kind\n", "no rows"),
    "a ragged row": (b"a,kind\n1,x\n2\n", "row 3: 1 cells, but the header has 2"),
    "another encoding": ("a,kind\n1,é\n2,y\n".encode("latin-1"), "not UTF-8"),
    "one class": (b"a,kind\n1,x\n2,x\n", "one class only, 'x'"),
    "a column twice": (b"a,a,kind\n1,2,x\n2,3,y\n", "several columns called a"),
    "only the target": (b"kind\nx\ny\n", "no column but 'kind'"),
    "an infinity": (b"a,kind\n1,x\ninf,y\n", "'inf' is not a finite number"),
    "a number too large": (
        b"a,b,kind\n1,0,x\n2,1e308,y\n3,-1e308,x\n",
        "the variance of column 'b'",
    ),
    "no target": (b"a,kind\n1,x\n2,\n", "row 3: the target 'kind' is missing"),
    "one row": (b"a,kind\n1,x\n", "has one row only"),
    "semicolons": (b"a;kind\n1;x\n2;y\n", "it has a;kind; columns are separated by commas"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_with_its_place_and_writes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = BAD[name]
    data, out = tmp_path / "data.csv", tmp_path / "model.safetensors"
    data.write_bytes(content)
    command = ["train", str(data), "--target", "kind", "--loss", "cross_entropy", "--out", str(out)]
    assert main(command) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--validation", "0"], "--validation is a share of the rows, between 0 and 1, but got 0"),
        (["--validation", "nan"], "but got nan"),
        (["--out", "missing/model"], "there is no such directory: 'missing'"),
        (["--picture", "missing/loss.png"], "there is no such directory: 'missing'"),
    ],
    ids=" ".join,
)
def test_options_that_cannot_work_are_refused_before_anything_is_learned(
    words: list[str],
    message: str,
    flowers: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(flowers), "--target", "kind", "--out", "model", *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_a_column_that_never_changed_has_no_say(tmp_path: Path) -> None:
    rows = [f"0.1,{n / 10},{n / 5}" for n in range(83)]  # 0.1 is not its own mean to the bit
    table, new = tmp_path / "table.csv", tmp_path / "new.csv"
    table.write_text("a,b,y\n" + "\n".join(rows), "utf-8")
    new.write_text("a,b\n0.1,1\n0.2,1\n-9,1\n", "utf-8")
    out, answers = tmp_path / "model", tmp_path / "answers.csv"
    assert main(["train", str(table), "--target", "y", "--epochs", "30", "--out", str(out)]) == 0
    assert main(["predict", str(out), str(new), "--out", str(answers)]) == 0
    assert len(set(answers.read_text("utf-8").split()[1:])) == 1


def test_one_row_to_validate_is_measured_by_its_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "table.csv", tmp_path / "model"
    table.write_text("a,y\n1,1\n2,2\n3,3\n", "utf-8")
    assert main(["train", str(table), "--target", "y", "--epochs", "3", "--out", str(out)]) == 0
    assert "validation error" in capsys.readouterr().out


def test_missing_files_and_foreign_models_are_refused(
    flowers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "model.safetensors")
    assert main(["train", str(tmp_path / "none.csv"), "--target", "y", "--out", out]) == 2
    assert "none.csv" in capsys.readouterr().err
    nn.save(nn.FNN([2, 1], seed=0), out)
    assert main(["predict", out, str(flowers)]) == 2
    assert "does not say which columns" in capsys.readouterr().err
    nn.save(nn.FNN([2, 1], seed=0), out, notes={"columns": ["length", "depth"]})
    assert main(["predict", out, str(flowers)]) == 2
    assert "lacks the columns depth" in capsys.readouterr().err
    assert (
        main(["train", str(flowers), "--target", "kind", "--loss", "nonsense", "--out", out]) == 2
    )
    assert "mse" in capsys.readouterr().err
