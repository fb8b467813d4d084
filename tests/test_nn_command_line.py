from __future__ import annotations

import csv
import io
import itertools
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd_mini
import nn
from nn.__main__ import main
from tests.shared import ROOT

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


def test_labels_are_learned_and_predicted_from_raw_columns(
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


def test_numbers_are_learned_and_printed_in_the_tables_own_units(
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
    "a long cell": (b"a,kind\n1,x\n" + b"7" * 400 + b",y\n", f"'a': '{'7' * 59}…' is not a finite"),
    "a long text": (b"a,kind\nx,1\n" + b"y" * 400 + b",2\n", f"texts ('x', '{'y' * 59}…'): leave"),
    "a long label": (
        b"a,kind\n1," + b"x" * 400 + b"\n2," + b"x" * 400 + b"\n",
        f"'kind' holds only one class, '{'x' * 59}…'\n",
    ),
    "nothing": (b"", "no rows"),
    "a header only": (b"a,kind\n", "no rows"),
    "a ragged row": (b"a,kind\n1,x\n2\n", "row 3: 1 cells, but the header has 2"),
    "another encoding": ("a,kind\n1,é\n2,y\n".encode("latin-1"), "not UTF-8"),
    "one class": (b"a,kind\n1,x\n2,x\n", "only one class, 'x'"),
    "a column twice": (b"a,a,kind\n1,2,x\n2,3,y\n", "several columns called 'a'"),
    "only the target": (b"kind\nx\ny\n", "no column but 'kind'"),
    "an infinity": (b"a,kind\n1,x\ninf,y\n", "'inf' is not a finite number"),
    "a number too large": (
        b"a,b,kind\n1,0,x\n2,1e308,y\n3,-1e308,x\n",
        "the variance of column 'b'",
    ),
    "no target": (b"a,kind\n1,x\n2,\n", "row 3: the target 'kind' is missing"),
    "one row": (b"a,kind\n1,x\n", "has only one row"),
    "a target that is nan": (b"a,kind\n1,x\n2,NaN\n", "row 3: the target 'kind' is missing (NaN)"),
    "a target that is NA": (b"a,kind\n1,x\n2,NA\n", "row 3: the target 'kind' is missing (NA)"),
    "an infinite target": (b"a,kind\n1,3\n2,-inf\n", "row 3: the target 'kind' is missing (-inf)"),
    "digits with a line between": (b"a,kind\n1,x\n3_5,y\n", "row 3, column 'a': '3_5' is not"),
    "blank lines": (b"a,kind\n\n1,x\n\n\n2\n", "row 6: 1 cells, but the header has 2"),
    "cells of several lines": (b'a,kind\n1,"x\ny"\n2\n', "row 4: 1 cells"),
    "an open quote": (b'a,kind\n1,x\n2,"y\n3,z\n', 'row 3: a quote (") is opened and never closed'),
    "a long open quote": (
        b'a,kind\n1,x\n2,"y\n' + b"3,z\n" * 40_000,
        'row 3: a quote (") is opened and never closed',
    ),
    "a quote closed too late": (b'a,kind\n1,"x\n2,y"z,\n', "row 2: 3 cells"),
    "a column of texts": (
        b"a,city,kind\n1,Rome,x\n2,Oslo,y\n3,Bern,x\n",
        "the column holds texts ('Bern', 'Oslo', 'Rome'): leave it out with --without city",
    ),
    "a column of texts, the first missing": (
        b"a,city,kind\n1,,x\n2,Oslo,y\n3,Bern,x\n",
        "row 2, column 'city': '' is not a finite number; the column holds texts ('Bern', 'Oslo')",
    ),
    "a column of texts with a comma in its name": (
        b'a,"city, country",kind\n1,Rome,x\n2,Oslo,y\n',
        """--without '"city, country"'""",
    ),
    "a gap": (b"a,b,kind\n1,2,x\n2,,y\n3,1,x\n", "fill the gap, or do without the column"),
    "semicolons": (b"a;kind\n1;x\n2;y\n", "it has 'a;kind'; columns are separated by commas"),
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
        (["--picture", "model.png", "--out", "model.png"], "would be written over model.png"),
        (["--out", "flowers.csv"], "flowers.csv would be written over "),
        (["--epochs", "0"], "--epochs must be 1 or more, but got 0"),
        (["--batch-size", "-2"], "--batch-size must be 1 or more, but got -2"),
        (["--patience", "0"], "--patience must be 1 or more, but got 0"),
        (["--lr", "nan"], "lr must be a number from 0 up, but got nan"),
        (["--seed", "-1"], "--seed is a number from 0 to 2**32 - 1, but got -1"),
        (["--without", "width,kind"], "--without cannot name the target, 'kind'"),
        (["--loss", "Cross_Entropy"], "did you mean 'cross_entropy'?"),
        (["--loss", "mse"], "'iris' is not a finite number, which --loss mse needs"),
        (["--target", "KIND"], "did you mean 'kind'?"),
        (["--loss", "mean_squared_error"], "did you mean 'mse'?"),
        (["--loss", "categorical_crossentropy"], "did you mean 'cross_entropy'?"),
        (["--loss", "log_loss"], "did you mean 'bce_with_logits'?"),
        (["--loss", "l1"], "did you mean 'mae'?"),
        (["--activation", "logistic"], "did you mean 'sigmoid'?"),
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
    if "--picture" in words:
        pytest.importorskip("matplotlib")
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
    assert "there is no such file: " in (said := capsys.readouterr().err)
    assert "none.csv" in said
    nn.save(nn.FNN([2, 1], seed=0), out)
    assert main(["predict", out, str(flowers)]) == 2
    assert "does not say which columns" in capsys.readouterr().err
    nn.save(nn.FNN([2, 1], seed=0), out, notes={"columns": ["length", "depth"]})
    assert main(["predict", out, str(flowers)]) == 2
    assert "lacks 'depth' of the columns" in capsys.readouterr().err
    assert (
        main(["train", str(flowers), "--target", "kind", "--loss", "nonsense", "--out", out]) == 2
    )
    assert "mse" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        ('1\n2\n""', "'' is not a finite number; leave the row out, or fill the gap\n"),
        ("1\n2\nx", "'x' is not a finite number; leave the row out\n"),
        (
            "x\ny\n2",
            "the column holds texts ('x', 'y'), but the network has learned from numbers\n",
        ),
    ],
)
def test_a_table_to_predict_for_is_not_told_to_do_without_a_column(
    cells: str, advice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "new.csv", str(tmp_path / "model.safetensors")
    table.write_text(f"length\n{cells}\n", "utf-8")
    nn.save(nn.FNN([1, 1], seed=0), out, notes={"columns": ["length"]})
    assert main(["predict", out, str(table)]) == 2
    assert capsys.readouterr().err.endswith(advice)


def test_a_slip_among_numbers_does_not_make_labels_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for slip, different in itertools.product(("3,5", "?", "None", "nan()", "1e999"), (2, 40)):
        rows = [[n, slip if n == 20 else n % different / 7] for n in range(40)]
        words = ["train", str(write(tmp_path / "t.csv", ["a", "y"], rows)), "--target", "y"]
        assert main([*words, "--out", str(tmp_path / "m")]) == 2
        said = (
            f"row 22, column 'y': {slip!r} is not a finite number, as others are; leave the row out"
        )
        said += ", or say --loss cross_entropy if these are labels"
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "options", "is_said"),
    [
        ([0, 1, 2], [], True),
        ([0, 1, 2], ["--loss", "mse"], False),
        ([0, 1, 2], ["--loss", "cross_entropy"], False),
        ([0.5, 1.0, 2.0], [], False),
        (list(range(20)), [], False),
    ],
)
def test_whole_numbers_that_may_be_labels_are_told_of(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    values: list[float],
    options: list[str],
    is_said: bool,
) -> None:
    rows = [[n / 60, values[n % len(values)]] for n in range(60)]
    data = str(write(tmp_path / "data.csv", ["x", "kind"], rows))
    out = str(tmp_path / "model.safetensors")
    assert main(["train", data, "--target", "kind", "--epochs", "2", "--out", out, *options]) == 0
    said = "'kind' was learned as a number: for labels, say --loss cross_entropy"
    assert (said in capsys.readouterr().out) == is_said


def test_a_constant_that_is_as_good_is_said(
    prices: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--lr", "0", "--epochs", "1", "--out", str(tmp_path / "m")]
    assert main(["train", str(prices), "--target", "price", *words]) == 0
    assert ": always the mean has 0; try more --epochs" in capsys.readouterr().out
    table = write(tmp_path / "t.csv", ["a", "y"], [[n % 7, "aab"[n % 3]] for n in range(60)])
    assert main(["train", str(table), "--target", "y", *words]) == 0
    assert ": always 'a' has 0." in capsys.readouterr().out
    table = write(tmp_path / "t.csv", ["a", "y"], [[n % 7, "b" if n else "a"] for n in range(60)])
    words[3] = "100"
    assert main(["train", str(table), "--target", "y", *words, "--lr", "0.01"]) == 0
    said = "validation accuracy 1.000: always 'b' has 1.000\n"  # which no training can better
    assert said in capsys.readouterr().out


def test_predictions_are_not_written_over_what_they_are_made_from(
    prices: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, before = str(tmp_path / "m"), prices.read_bytes()
    assert main(["train", str(prices), "--target", "price", "--epochs", "1", "--out", out]) == 0
    for over in (str(prices), out):
        assert main(["predict", out, str(prices), "--out", over]) == 2
        assert f"{over} would be written over {over}" in capsys.readouterr().err
    assert prices.read_bytes() == before


def test_a_target_too_large_names_its_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write(tmp_path / "t.csv", ["a", "price"], [[n, n * 1e307] for n in range(9)])
    assert main(["train", str(table), "--target", "price", "--out", str(tmp_path / "m")]) == 2
    assert "the variance of column 'price'" in capsys.readouterr().err


def test_labels_that_are_texts_stay_texts(tmp_path: Path) -> None:
    rows = [[n, ("10_20", "20_30")[n % 2]] for n in range(20)]
    table, out = write(tmp_path / "t.csv", ["a", "age"], rows), tmp_path / "m"
    assert main(["train", str(table), "--target", "age", "--epochs", "2", "--out", str(out)]) == 0
    assert nn.files.notes(out)["classes"] == ["10_20", "20_30"]


def test_the_same_seed_is_the_same_run_whatever_texts_hash_to(tmp_path: Path) -> None:
    rows = [[n, ("1", "1.0", "01", "+1")[n % 4]] for n in range(24)]
    table, files = write(tmp_path / "t.csv", ["a", "y"], rows), []
    for seed in "02":  # which order these labels differently
        out = tmp_path / f"m{seed}"
        words = ["train", table, "--target", "y", "--loss", "cross_entropy", "--epochs", "2"]
        command = [sys.executable, "-m", "nn", *map(str, words), "--out", str(out)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
        files.append(out.read_bytes())
    assert len(set(files)) == 1


def test_a_column_of_texts_can_be_left_out(tmp_path: Path) -> None:
    rows = [[n, f"name{n}", n * 2] for n in range(20)]
    table, out = write(tmp_path / "t.csv", ["a", "name", "y"], rows), tmp_path / "m"
    words = ["train", str(table), "--target", "y", "--without", "name", "--out", str(out)]
    assert main([*words, "--epochs", "2"]) == 0
    assert nn.files.notes(out)["columns"] == ["a"]


def test_names_that_a_shell_or_csv_would_take_apart_stay_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ['say "a"', "b, c", "two\nlines", "</script><b>", 'y\n"t,']
    rows = [[n % 3, n % 5, f"text {n}", n % 7, ("no", 'ye\n"s,')[n % 2]] for n in range(24)]
    table, out = write(tmp_path / "t.csv", names, rows), str(tmp_path / "m")
    words = ["train", str(table), "--target", names[-1], "--epochs", "2", "--out", out]
    assert main([*words, "--without", 'b, c,"two\nlines"']) == 2
    assert main([*words, "--without", '"b, c","two\nlines"']) == 0
    assert nn.files.notes(out)["columns"] == ['say "a"', "</script><b>"]
    capsys.readouterr()
    assert main(["predict", out, str(table)]) == 0
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row[names[-1]] for row in read} <= {"no", 'ye\n"s,'}


@pytest.mark.parametrize("epochs", [0, 3])
def test_a_run_that_ctrl_c_ends_keeps_what_it_has(
    epochs: int,
    prices: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def ctrl_c(_: object) -> None:
        raise KeyboardInterrupt

    def interrupted(*args: Any, **options: Any) -> nn.History:
        def stop(state: nn.RunState) -> None:
            if state.epoch == epochs:
                ctrl_c(state)

        return nn.fit(*args, **options, callbacks=[stop], penalty=None if epochs else ctrl_c)

    monkeypatch.setattr("nn.__main__.fit", interrupted)
    out = tmp_path / "m"
    words = ["train", str(prices), "--target", "price", "--out", str(out)]
    assert main(words) == 130
    said = capsys.readouterr()
    assert f"stopped by Ctrl-C after {epochs} of 200 epochs" in said.err
    assert ("nothing is saved" in said.out) == (not epochs)
    assert out.exists() == bool(epochs)


def test_the_best_weights_are_kept_and_it_is_said(
    prices: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(prices), "--target", "price", "--lr", "0.3", "--epochs", "30"]
    assert main([*words, "--out", str(tmp_path / "m")]) == 0
    assert "kept the weights of epoch" in capsys.readouterr().out


def test_a_run_that_diverges_says_so_and_saves_nothing(
    prices: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(prices), "--target", "price", "--activation", "square", "--lr", "1e200"]
    assert main([*words, "--epochs", "5", "--out", str(tmp_path / "m")]) == 2
    assert "the training diverged, and nothing is saved" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_a_picture_is_checked_before_the_training_and_its_true_name_said(
    flowers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    words = ["train", str(flowers), "--target", "kind", "--epochs", "2", "--out", "m", "--picture"]
    assert main([*words, "loss.xyz"]) == 2
    assert "'loss.xyz'" in capsys.readouterr().err
    assert not Path("m").exists()
    assert main([*words, "loss"]) == 0
    assert "wrote loss.png" in capsys.readouterr().out
    assert Path("loss.png").exists()


def test_any_console_can_show_what_is_said(
    prices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", str(prices), "--target", "price", "--epochs", "2", "--out"]
    for encoding in ("gbk", "cp1252", "ascii", "utf-8"):
        screen = io.TextIOWrapper(io.BytesIO(), encoding)
        monkeypatch.setattr("sys.stdout", screen)
        assert main([*words, str(tmp_path / "m")]) == 0
        screen.seek(0)
        r2 = "R2" if encoding in ("gbk", "ascii") else "R²"
        assert f"validation {r2} " in screen.read()


def test_labels_that_a_console_cannot_show_are_sent_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write(tmp_path / "t.csv", ["a", "y"], [[n, ("é", "ü")[n % 2]] for n in range(20)])
    out = tmp_path / "m"
    assert main(["train", str(table), "--target", "y", "--epochs", "2", "--out", str(out)]) == 0
    screen = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr("sys.stdout", screen)
    assert main(["predict", str(out), str(table)]) == 2
    assert not screen.buffer.tell()
    assert "write to a file with --out" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_reader_that_has_read_enough_is_no_error(prices: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    words = ["train", str(prices), "--target", "price", "--epochs", "2", "--out", str(out)]
    assert main(words) == 0
    table = write(tmp_path / "t.csv", ["area", "age"], [[n, n] for n in range(9000)])
    command = [sys.executable, "-m", "nn", "predict", str(out), str(table)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        assert (run.stderr.read(), run.wait()) == (b"", 0)


def test_help_fits_the_terminal_and_every_command_tells_its_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    for words in ([], ["train"], ["predict"]):
        with pytest.raises(SystemExit, match="0"):
            main([*words, "--help"])
        assert max(map(len, capsys.readouterr().out.splitlines())) < 70
        with pytest.raises(SystemExit, match="0"):
            main([*words, "--version"])
        assert capsys.readouterr().out == f"autograd_mini {autograd_mini.__version__}\n"


def test_training_needs_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for progress in (None, True):
        monkeypatch.setattr(sys, "stderr", None)
        model = nn.FNN([1, 1], seed=0)
        nn.fit(model, [[1.0], [2.0]], [1.0, 2.0], loss="mse", epochs=2, progress=progress)
        monkeypatch.undo()


@pytest.mark.parametrize("option", [["--target", "none"], ["--target", "y", "--without", "none"]])
def test_of_many_and_long_columns_an_error_quotes_the_first_and_their_beginnings(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    header = ",".join([*[f"{k:03}{'q' * 5_000}" for k in range(30)], "y"])
    table.write_text(f"{header}\n" + f"{','.join('1' * 31)}\n" * 3, "utf-8")
    assert main(["train", str(table), *option, "--out", str(tmp_path / "model")]) == 2
    said = capsys.readouterr().err
    assert "'000qqq" in said
    assert "… (31 in all)" in said
    assert len(said) < 2_000
