"""A guessed name, from PyTorch, JAX, Keras or micrograd, is answered with what to write."""

# The arguments are wrong on purpose.
# pyright: reportCallIssue=false

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

import autograd_mini
import nn
from autograd_mini import Value
from autograd_mini.guesses import METHODS
from autograd_mini.guesses import NAMES as ENGINE
from nn.guesses import NAMES as NETWORKS


@pytest.mark.parametrize(
    ("owner", "name", "said"),
    [
        *[(autograd_mini, name, f": write {said}") for name, said in ENGINE.items()],
        *[(nn, name, f": write {said}") for name, said in NETWORKS.items()],
        *[(Value(1.0), name, f": write {said}") for name, said in METHODS.items()],
        (autograd_mini, "tanhh", ": did you mean tanh?"),
        (nn, "AdaM", ": did you mean Adam?"),
    ],
)
def test_a_guessed_name_is_answered_and_stays_absent(owner: Any, name: str, said: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(owner, name)
    assert str(error.value).endswith(f"has no attribute {name!r}{said}")
    assert not hasattr(owner, name)
    assert getattr(owner, name, None) is None


MODEL = nn.FNN([1, 1], seed=0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: nn.SGD([], learning_rate=0.1), "SGD() has no argument 'learning_rate': write lr="),
        (lambda: nn.Adam([], beta1=0.9), "Adam() has no argument 'beta1': write betas="),
        (lambda: nn.AdamW([], epsilon=1e-8), "'epsilon': write eps="),
        (lambda: nn.FNN(layers=[1, 1]), "FNN() has no argument 'layers': write sizes="),
        (lambda: nn.FNN([1, 1], activaton="relu"), "'activaton': did you mean activation=?"),
        (
            lambda: nn.fit(MODEL, [1.0], [1.0], loss="mse", learning_rate=0.1),
            "'learning_rate': write optimizer=SGD(model.parameters(), lr=0.1)",
        ),
        (lambda: nn.fit(MODEL, [1.0], [1.0], criterion="mse"), "'criterion': write loss="),
        (lambda: nn.fit(MODEL, [1.0], [1.0], loss="mse", n_epochs=3), "'n_epochs': write epochs="),
        (lambda: nn.Trainer(MODEL, optim=None), "Trainer() has no argument 'optim': write"),
        (lambda: nn.SGD([], qqq=1), "'qqq': it has params, lr, momentum"),
    ],
)  # fmt: skip
def test_a_guessed_argument_is_answered(call: Any, said: str) -> None:
    with pytest.raises(TypeError) as error:
        call()
    assert said in str(error.value)


def test_the_answers_change_nothing_that_works() -> None:
    assert "learning_rate" not in inspect.signature(nn.fit).parameters
    assert [*inspect.signature(nn.SGD).parameters][:2] == ["params", "lr"]
    x = Value(2.0, "x")
    assert copy.deepcopy(x).data == pickle.loads(pickle.dumps(x * x)).data / 2
    assert len(f"{x}") > 0


def test_a_warning_stands_at_the_line_that_the_user_wrote() -> None:
    with pytest.warns(UserWarning, match="equal weights") as said:
        model = nn.FNN([2, 3, 1], init="zeros")
    with pytest.warns(UserWarning, match="output unit") as too:
        nn.fit(nn.FNN([1, 1], "tanh", "sigmoid"), [1.0], [1.0], loss="bce_with_logits", epochs=1)
    assert {said[0].filename, too[0].filename} == {__file__}, model
