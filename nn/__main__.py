"""The command line: train a network on a table, and predict with it.

python -m nn train data.csv --target y --hidden 16,16 --loss cross_entropy --out model.safetensors
python -m nn predict model.safetensors new.csv --out predictions.csv
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from autograd_mini.cli.parser import Parser, chosen, say_commands
from autograd_mini.cli.screen import refuse, say, until_enough_is_read
from autograd_mini.words import counted
from nn import datasets, metrics
from nn.activations import softmax
from nn.errors import DivergedError, nearest, unknown_name, whole_number
from nn.files import load, notes, save
from nn.files.tensorfile import check_place
from nn.network import FNN
from nn.optimizers import Adam
from nn.plots import picture_path
from nn.tables import (
    Table,
    is_missing,
    is_number,
    label_order,
    numeric_columns,
    quoted,
    quoted_list,
    read_table,
)
from nn.training import fit

INTERRUPTED: Final = 130  # the exit status of what Ctrl-C ended
COMMANDS: Final = {
    "train": "train a network on a CSV file",
    "predict": "predict with a network that `train` saved",
}
AS_LABELS: Final = "--loss cross_entropy"
FEW: Final = 10  # whole numbers that may be labels
CLASSES: Final = ("cross_entropy", "bce_with_logits")  # losses of a target that is a label
NUMBERS: Final = ("mse", "half_mse", "mae", "huber", "smooth_l1", "log_cosh")  # of one that is not


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status: 0, or 2 for bad input."""
    with until_enough_is_read():
        if not arguments:
            _help()
            return 0
        command = chosen(arguments, COMMANDS, prog="python -m nn", help=_help)
        if isinstance(command, int):
            sys.exit(command)
        parser, run = (_learner(), train) if command == "train" else (_predictor(), predict)
        options = parser.read(arguments[1:])
        try:
            return run(options)
        except DivergedError as error:
            return refuse(f"error: the training diverged, and nothing is saved: {error}")
        except (ImportError, OSError, ValueError) as error:
            return refuse(error, "error: ")
    return 0


def train(options: argparse.Namespace) -> int:
    """Train a network on the columns of a table and save it; Ctrl-C ends that earlier.

    The network learns from standardized columns; the scaling is then folded into its first and
    last layer, so that the saved network takes and gives the numbers of the table.
    """
    import numpy as np

    picture = options.picture and picture_path(options.picture)
    _check_options(options)
    _check_places([options.data], [options.out, picture])
    table = read_table(options.data)
    columns = _columns_to_learn_from(table, options)
    loss, classes = _loss_and_classes(table, options)
    inputs = np.array(numeric_columns(table, columns))
    if classes:
        y = np.array([classes.index(text) for text in table.column(options.target)])
    else:
        y = np.array(numeric_columns(table, [options.target]))[:, 0]

    X, X_val, y, y_val = datasets.split(inputs, y, test_size=options.validation, seed=options.seed)
    x_mean, x_spread = datasets.mean_and_spread(X, columns)
    x_scale = np.where(x_spread > 0.0, x_spread, np.inf)  # what never changed has no say
    y_mean, y_scale = 0.0, 1.0
    if not classes:
        (y_mean,), (y_scale,) = datasets.mean_and_spread(y[:, None], [options.target])
    y_scale = y_scale or 1.0
    n_out = len(classes) if loss == "cross_entropy" else 1
    model = FNN([len(columns), *options.hidden, n_out], options.activation, seed=options.seed)
    scaled = [(X - x_mean) / x_scale, (X_val - x_mean) / x_scale]
    targets = [y, y_val] if classes else [(y - y_mean) / y_scale, (y_val - y_mean) / y_scale]
    history = fit(
        model,
        scaled[0],
        targets[0],
        loss=loss,
        optimizer=Adam(model.parameters(), lr=options.lr),
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
        validation=(scaled[1], targets[1]),
        patience=options.patience or options.epochs,  # never reached: the best weights come back
    )
    if not history.epochs:
        say("nothing is saved: no epoch was over")
        return INTERRUPTED
    _fold_scaling(model, x_mean, x_scale, y_mean, y_scale)
    about = {"columns": columns, "target": options.target, "classes": classes}
    save(model, options.out, notes=about)
    if picture:
        history.plot(picture)
        say(f"wrote {picture}")
    epochs = counted(history.epochs, "epoch")
    say(f"{counted(len(y), 'row')} to learn from, {len(y_val)} to validate, {epochs}")
    say(f"kept the weights of epoch {history.best_epoch}, the best on the rows to validate")
    first, last = history.loss[0], history.loss[-1]
    if history.epochs > 1 and last >= first > 0.0 and options.lr > 0.0:
        advice = f"try a lower --lr than {options.lr:g}"
        say(f"the loss did not fall ({first:.4g} -> {last:.4g}): {advice}")
    say(_verdict(model.predict(X_val), y, y_val, classes))
    if not classes and options.loss is None and _may_be_labels(y):
        say(f"{quoted(options.target)} was learned as a number: for labels, say {AS_LABELS}")
    say(f"wrote {options.out}")
    return INTERRUPTED if history.stopped == "interrupted" else 0


def _check_options(options: argparse.Namespace) -> None:
    """Raise ValueError if an option has a number that it cannot have."""
    if not 0.0 < options.validation < 1.0:
        raise ValueError(
            f"--validation is a share of the rows, between 0 and 1, but got {options.validation:g}"
        )
    for name in ("epochs", "batch_size", "patience"):
        if (count := getattr(options, name)) is not None:
            whole_number(f"--{name.replace('_', '-')}", count)
    if not 0 <= options.seed < 2**32:
        raise ValueError(f"--seed is a number from 0 to 2**32 - 1, but got {options.seed}")


def _columns_to_learn_from(table: Table, options: argparse.Namespace) -> list[str]:
    """Return the columns but the target and those to leave out.

    Raises:
        ValueError: If one of these is not there, or nothing is left.
    """
    header, target = table.header, options.target
    if len(table.rows) < 2:
        raise ValueError(
            f"{table.path} has only one row: it takes some to learn from, and some to validate"
        )
    if target not in header:
        near = nearest(target, header) if len(header) > 1 else None
        advice = (
            f"it has {quoted_list(header)}" if near is None else f"did you mean {quoted(near)}?"
        )
        if len(header) == 1:
            advice += "; columns are separated by commas"
        raise ValueError(f"{table.path} has no column {quoted(target)}: {advice}")
    unknown = [name for name in options.without if name not in header]
    if unknown:
        raise ValueError(
            f"--without names {quoted_list(unknown)}, but the columns are {quoted_list(header)}"
        )
    if target in options.without:
        raise ValueError(f"--without cannot name the target, {quoted(target)}")
    columns = [name for name in header if name not in (target, *options.without)]
    if not columns:
        raise ValueError(f"{table.path} has no column but {quoted(target)} to learn from")
    return columns


def _loss_and_classes(table: Table, options: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the loss for the target, and its labels in order; none for numbers.

    Raises:
        ValueError: If the loss is no table's, or the target does not suit it.
    """
    texts = table.column(options.target)
    loss = options.loss or ("mse" if all(map(is_number, texts)) else "cross_entropy")
    if loss not in (*CLASSES, *NUMBERS):
        raise unknown_name("loss for a table", loss, [*CLASSES, *NUMBERS])
    _check_target(table, options.target, texts, options.loss)
    if loss in NUMBERS:
        return loss, []
    classes = sorted(set(texts), key=label_order)
    if len(classes) < 2:
        raise ValueError(f"{quoted(options.target)} holds only one class, {quoted(classes[0])}")
    if loss == "bce_with_logits" and len(classes) != 2:
        raise ValueError(f"bce_with_logits tells 2 classes apart, but there are {len(classes)}")
    return loss, classes


def _check_target(table: Table, target: str, texts: list[str], loss: str | None) -> None:
    """Raise ValueError if a target is missing, or is not a number where others are."""
    mostly_numbers = 2 * sum(map(is_number, texts)) > len(texts)
    for line, text in zip(table.lines, texts, strict=True):
        if is_missing(text):
            said = f" ({text})" if text else ""
            raise ValueError(
                f"{table.path}, row {line}: the target {quoted(target)} is missing{said}; "
                "leave the row out"
            )
        if is_number(text) or loss in CLASSES or (loss is None and not mostly_numbers):
            continue
        why = (
            f"as others are; leave the row out, or say {AS_LABELS} if these are labels"
            if mostly_numbers
            else f"which --loss {loss} needs; for labels there are {', '.join(CLASSES)}"
        )
        raise ValueError(
            f"{table.path}, row {line}, column {quoted(target)}: {quoted(text)} is not a finite "
            f"number, {why}"
        )


def _verdict(outputs: Any, y: Any, y_val: Any, classes: list[str]) -> str:
    """Return how good predictions are, and whether a constant would be as good."""
    advice = "; try more --epochs, or another --lr"
    if classes:
        decided = (outputs > 0).astype(int) if outputs.ndim == 1 else outputs.argmax(axis=1)
        accuracy = metrics.accuracy(decided, y_val)
        often = max(range(len(classes)), key=list(y).count)
        share = metrics.accuracy(y_val * 0 + often, y_val)
        told = f"validation accuracy {accuracy:.3f}"
        if accuracy <= share:
            told += f": always {quoted(classes[often])} has {share:.3f}"
            told += advice if accuracy < 1.0 else ""
        return told
    if datasets.mean_and_spread(y_val)[1] > 0.0:
        r2 = metrics.r2_score(outputs, y_val)
        told = f"validation R² {r2:.4g}"
        return f"{told}: always the mean has 0{advice}" if r2 <= 0.0 else told
    return f"validation error {metrics.mean_absolute_error(outputs, y_val):.3g}"


def _may_be_labels(y: Any) -> bool:
    """Return whether a target is a few whole numbers, each of them in some rows."""
    count = len(set(y.tolist()))
    return count <= FEW and 3 * count <= len(y) and not (y % 1.0).any()


def _check_places(read: list[Path], written: list[Path | None]) -> None:
    """Raise ValueError if a file would be written over another, OSError if it cannot be."""
    taken = [*read]
    for path in filter(None, written):
        check_place(path)
        for other in taken:
            if os.path.realpath(path) == os.path.realpath(other):
                raise ValueError(f"{path} would be written over {other}: give it another name")
        taken.append(path)


def predict(options: argparse.Namespace) -> int:
    """Write the predictions for a table as a table: a column, and for classes probabilities."""
    model, about = load(options.model), notes(options.model)
    if "columns" not in about:
        raise ValueError(
            f"{options.model} does not say which columns it reads: only files of `python -m nn "
            "train` do; load others with nn.load"
        )
    _check_places([options.data, options.model], [options.out])
    asked = read_table(options.data)
    missing = [name for name in about["columns"] if name not in asked.header]
    if missing:
        raise ValueError(
            f"{options.data} lacks {quoted_list(missing)} of the columns that "
            f"{options.model} was trained on"
        )
    outputs = model.predict(numeric_columns(asked, about["columns"], are_needed=True)).tolist()
    classes: list[str] = about["classes"]
    table: list[list[Any]] = [[about["target"], *[f"p({name})" for name in classes]]]
    for output in outputs:
        if classes:
            p = softmax(output if model.sizes[-1] > 1 else [0.0, output])
            table.append([classes[p.index(max(p))], *[f"{x:.6g}" for x in p]])
        else:
            table.append([repr(output)])
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(table)
    text = written.getvalue()
    if options.out is not None:
        options.out.write_text(text, "utf-8", newline="")
        say(f"wrote {options.out}")
        return 0
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"this console's encoding, {encoding}, has no {text[error.start]!a}: "
            "write to a file with --out"
        ) from None
    sys.stdout.write(text)
    return 0


def _help() -> None:
    say("usage: python -m nn COMMAND [ARGUMENTS]...\n")
    say("Networks for tables. The commands, each with --help:")
    say_commands(COMMANDS, "  python -m nn ")


def _learner() -> Parser:
    parser = Parser("python -m nn train", description="Train a network on a CSV file.")
    add = parser.add_argument
    add("data", metavar="DATA", type=Path, help="a CSV file with a line of column names")
    add("--target", required=True, help="the column to predict")
    add("--out", type=Path, required=True, help="where to save the network")
    for name, kind, default, told in (
        ("without", _names, "", "columns to leave out, such as name,id"),
        ("hidden", _widths, "16", "hidden widths, such as 16,16; empty for a linear model"),
        ("activation", str, "tanh", "of the hidden layers"),
        (
            "loss",
            str,
            None,
            f"{', '.join(NUMBERS)}; for labels {', '.join(CLASSES)} (default: "
            "mse if the column holds numbers, else cross_entropy)",
        ),
        ("epochs", int, 200, "how often to go through the rows"),
        ("batch-size", int, 32, "rows per update"),
        ("lr", float, 0.01, "Adam's learning rate"),
        ("validation", float, 0.25, "share of the rows put aside"),
        ("patience", int, None, "stop after this many epochs without progress"),
        ("seed", int, 0, "of weights, rows put aside and order"),
        ("picture", Path, None, "where to draw the loss, such as loss.png"),
    ):
        shown = told if default in (None, "") else f"{told} (default: %(default)s)"
        add(f"--{name}", type=kind, default=default, help=shown)
    return parser


def _predictor() -> Parser:
    parser = Parser(
        "python -m nn predict", description="Predict with a network that `train` saved."
    )
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path, help="a file that `train` wrote")
    add("data", metavar="DATA", type=Path, help="a CSV file with the columns it was trained on")
    add("--out", type=Path, help="a CSV file (default: the screen)")
    return parser


def _names(text: str) -> list[str]:
    """Return the names in a line of CSV: one with a comma stands in quotes."""
    return [name.strip() for row in csv.reader([text]) for name in row]


def _widths(text: str) -> list[int]:
    widths = text.split(",") if text else []
    if not all(width.strip().isdecimal() and int(width) for width in widths):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of widths such as 16,16")
    return [*map(int, widths)]


def _fold_scaling(model: FNN, x_mean: Any, x_scale: Any, y_mean: float, y_scale: float) -> None:
    """Make a network of scaled columns and targets into the same network of raw ones."""
    first, last = model.layers[0], model.layers[-1]
    weights, biases = first.arrays()
    weights /= x_scale[:, None]
    first.set_arrays(weights, biases - x_mean @ weights)
    weights, biases = last.arrays()
    last.set_arrays(y_scale * weights, y_scale * biases + y_mean)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
