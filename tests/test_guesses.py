"""A guessed name, from PyTorch, JAX, Keras or micrograd, is answered with what to write."""

# The arguments are wrong on purpose.
# pyright: reportCallIssue=false, reportArgumentType=false

from __future__ import annotations

import copy
import inspect
import pickle
import re
import sys
from typing import Any

import pytest

import autograd_mini
import nn
from autograd_mini import Value, draw, grad, testing, to_svg
from autograd_mini.guesses import CHECKS, METHODS, Imports
from autograd_mini.guesses import MODULES as ENGINES_MODULES
from autograd_mini.guesses import NAMES as ENGINE
from nn.guesses import METHODS as MODELS
from nn.guesses import MODULES as NETWORKS_MODULES
from nn.guesses import NAMES as NETWORKS


@pytest.mark.parametrize(
    ("owner", "name", "said"),
    [
        *[(autograd_mini, name, f": write {said}") for name, said in ENGINE.items()],
        *[(nn, name, f": write {said}") for name, said in NETWORKS.items()],
        *[(Value(1.0), name, f": write {said}") for name, said in METHODS.items()],
        *[(nn.FNN([1, 1], seed=0), name, f": write {said}") for name, said in MODELS.items()],
        *[(testing, name, f": write {said}") for name, said in CHECKS.items()],
        (nn.activations, "softshrinc", ": did you mean softshrink?"),
        (nn.losses, "MSELoss", f": write {NETWORKS['MSELoss']}"),
        (nn.losses, "huber", f": write {NETWORKS['HuberLoss']}"),
        (nn.datasets, "make_moons", ": write datasets.moons(n)"),
        (nn.metrics, "acuracy", f": write {NETWORKS['accuracy']}"),
        (nn.features, "Radial", ": did you mean radial?"),
        (nn.initializers, "xavier", ': write init="xavier_uniform"'),
        (autograd_mini, "tanhh", ": did you mean tanh?"),
        (autograd_mini, "SoftMax", f": write {ENGINE['softmax']}"),
        (autograd_mini, "__wrapped__", ""),
        (nn, "AdaM", ": did you mean Adam?"),
        (nn.History(), "accuracy", ': write history.metrics["accuracy"]'),
        (nn.SGD([Value(1.0)]), "param_groups", ": write optimizer.params and optimizer.lr"),
        (nn.Layer(1, 1), "forward", ": write layer(x)"),
    ],
)
def test_a_guessed_name_is_answered_and_stays_absent(owner: Any, name: str, said: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(owner, name)
    assert str(error.value).endswith(f"has no attribute {name!r}{said}")
    assert not hasattr(owner, name)
    assert getattr(owner, name, None) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from autograd_mini import softmax", ENGINE["softmax"]),
        ("from autograd_mini import Value, sum", ENGINE["sum"]),
        ("from autograd_mini.testing import check_grads", CHECKS["check_grads"]),
        ("from nn import Linear", NETWORKS["Linear"]),
        ("from nn.losses import MSELoss as M", NETWORKS["MSELoss"]),
        ("def f():\n    from nn import Flaten, Linear\nf()", ""),
    ],
)
def test_a_guessed_name_is_answered_where_it_is_imported(line: str, said: str) -> None:
    with pytest.raises(ImportError, match="cannot import name") as error:
        exec(line, {})
    assert str(error.value).endswith(f": write {said}" if said else "'nn'")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import nn.optim", "No module named 'nn.optim': write from nn import SGD, Adam, AdamW"),
        ("from nn.optim import SGD", ": write from nn import SGD, Adam, AdamW"),
        ("from autograd_mini.engine import Value", ": write from autograd_mini import Value"),
        ("import nn.activation", ": did you mean activations?"),
        ("import autograd_mini.qqq", "No module named 'autograd_mini.qqq'"),
        ("import autograd_mini.compiler.optim", "No module named 'autograd_mini.compiler.optim'"),
    ],
)
def test_a_guessed_module_is_answered_and_stays_absent(line: str, said: str) -> None:
    with pytest.raises(ModuleNotFoundError) as error:
        exec(line, {})
    assert str(error.value).endswith(said)
    assert (error.value.name or "?") in line


def test_every_module_that_is_written_instead_can_be_imported() -> None:
    for line in (*ENGINES_MODULES.values(), *NETWORKS_MODULES.values()):
        exec(line, {})


def test_setting_what_a_value_lacks_is_answered_too_and_a_class_of_ones_own_may_have_it() -> None:
    x = Value(2.0)
    with pytest.raises(AttributeError, match="write nothing: every Value has a gradient"):
        x.requires_grad = True  # pyright: ignore[reportAttributeAccessIssue]
    model = nn.FNN([1, 1], seed=0)
    model.plot = "of my own"  # pyright: ignore[reportAttributeAccessIssue]
    assert vars(model)["plot"] == getattr(model, "plot", None) == "of my own"


@pytest.mark.parametrize(
    ("get", "theirs", "ours"),
    [
        (nn.losses.get, "mean_squared_error", "mse"),
        (nn.losses.get, "mse_loss", "mse"),
        (nn.losses.get, "Binary_Crossentropy", "bce_with_logits"),
        (nn.losses.get, "sparse_categorical_crossentropy", "cross_entropy"),
        (nn.activations.get, "logistic", "sigmoid"),
        (nn.activations.get, "ReLu", "relu"),
        (nn.initializers.get, "he", "kaiming_uniform"),
    ],
)
def test_a_name_from_elsewhere_is_answered_with_ours(get: Any, theirs: str, ours: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{ours}'"):
        get(theirs)


MODEL, X_ = nn.FNN([1, 1], seed=0), Value(2.0, "x")


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
        (lambda: nn.fit(MODEL, [1.0], [1.0], loss="mse", lr=0.1), "write optimizer=SGD("),
        (lambda: nn.Layer(in_features=1, n_out=1), "'in_features': write n_in="),
        (lambda: nn.Neuron(1, act="relu"), "Neuron() has no argument 'act': write activation="),
        (lambda: nn.MLP(1, [1], bias=False), "MLP() has no argument 'bias': it has nin, nouts"),
        (lambda: nn.StepLR(None, steps=3), "'steps': did you mean step_size=?"),
        (lambda: nn.datasets.moons(n_samples=9), "moons() has no argument 'n_samples': write n="),
        (lambda: nn.SGD([], qqq=1), "'qqq': it has params, lr, momentum"),
        (lambda: nn.fit(MODEL, [1.0], [1.0], len, 5), "y by position: write loss=len, optimizer=5"),
        (lambda: nn.fit(MODEL, [1.0], [1.0]), "fit() needs loss, a name, such as 'mse' or 'cross_"),
        (lambda: nn.SGD(lr=0.1), "SGD() needs params, a list of Values such as model.parameters()"),
        (lambda: nn.load("x", strict=False), "load() has no argument 'strict'"),
        (lambda: MODEL(1.0, 2.0), "FNN takes one example, a list: write model([1.0, 2.0])"),
        (lambda: nn.Layer(2, 1)(1.0, 2.0), "Layer takes one example, a list"),
        (lambda: nn.Neuron(2)(1.0, 2.0), "Neuron takes one example, a list"),
        (lambda: draw(X_, "png"), "draw() takes root by position: write format='png'"),
        (lambda: draw(X_, fmt="png"), "draw() has no argument 'fmt': did you mean format=?"),
        (lambda: to_svg(X_, rankdirr="TB"), "'rankdirr': did you mean rankdir=?"),
        (lambda: grad(abs, argnum=1), "grad() has no argument 'argnum': did you mean argnums=?"),
        (lambda: grad(), "grad() needs f"),
        (lambda: Value(2.0, requires_grad=True), "Value() has no argument 'requires_grad': write"),
        (lambda: Value(2.0, _children=()), "Value() has no argument '_children': write @primitive"),
        (lambda: Value(2.0, name="x"), "Value() has no argument 'name': write label="),
        (lambda: testing.gradcheck(abs, 1.0), "at one point write check_gradients(abs, 1.0)"),
        (lambda: autograd_mini.save(MODEL, "m.safetensors"), "for a model: nn.save(model, path)"),
        (lambda: autograd_mini.save("m.svg", X_), "the Value comes first: save(root, path)"),
        (lambda: nn.save(X_, "m.svg"), "but got a Value: autograd_mini.save(value, path) draws"),
        (lambda: nn.save(MODEL.state_dict(), "m"), "but got a dict: write save(model, path)"),
    ],
)  # fmt: skip
def test_a_guessed_argument_is_answered(call: Any, said: str) -> None:
    with pytest.raises(TypeError) as error:
        call()
    assert said in str(error.value)


def test_estimators_answer_our_own_names_with_those_of_scikit_learn() -> None:
    pytest.importorskip("sklearn")
    for ours, theirs in {
        "lr": "learning_rate_init", "epochs": "max_iter", "hidden": "hidden_layer_sizes",
        "seed": "random_state", "optimizer": "solver",
    }.items():  # fmt: skip
        said = f"FNNClassifier() has no argument '{ours}': write {theirs}="
        with pytest.raises(TypeError, match=re.escape(said)):
            nn.FNNClassifier(**{ours: 1})


def test_the_answers_change_nothing_that_works() -> None:
    assert "learning_rate" not in inspect.signature(nn.fit).parameters
    assert [*inspect.signature(nn.SGD).parameters][:2] == ["params", "lr"]
    x = Value(2.0, "x")
    assert copy.deepcopy(x).data == pickle.loads(pickle.dumps(x * x)).data / 2
    assert len(f"{x}") > 0


@pytest.mark.parametrize("backend", ["auto", "eager", "compiled"])
def test_a_loss_written_for_batches_is_told_that_it_sees_one_example(backend: str) -> None:
    def my_loss(predictions: Any, targets: Any) -> Any:
        squares = [(p - t) ** 2 for p, t in zip(predictions, targets, strict=True)]
        return sum(squares) / len(predictions)

    with pytest.raises(TypeError, match=r"'Value' object is not iterable.*sees one example"):
        nn.fit(MODEL, [[1.0]] * 9, [1.0] * 9, loss=my_loss, epochs=50, backend=backend)


def test_a_batch_that_is_given_to_a_model_is_told_of_predict() -> None:
    numpy = pytest.importorskip("numpy")
    for model, batch in (
        (MODEL, numpy.ones((4, 2))),
        (nn.FNN([2, 1]), [[1.0, 2.0]]),
        (nn.Layer(2, 1), numpy.ones((2, 2))),
    ):
        with pytest.raises(ValueError, match=r"one example at a time.*use predict\(X\) for many"):
            model(batch)


def test_an_error_of_a_functions_own_stays_as_it_is() -> None:
    def own(x: Any) -> Any:
        raise TypeError("of my own")

    with pytest.raises(TypeError, match=r"^of my own$"):
        autograd_mini.compile(own, 1.0)


def test_a_warning_stands_at_the_line_that_the_user_wrote() -> None:
    with pytest.warns(UserWarning, match="equal weights") as said:
        model = nn.FNN([2, 3, 1], init="zeros")
    with pytest.warns(UserWarning, match="output unit") as too:
        nn.fit(nn.FNN([1, 1], "tanh", "sigmoid"), [1.0], [1.0], loss="bce_with_logits", epochs=1)

    def loss(f: Any, y: Any) -> Any:
        return (f - y) ** 2 if y > 0 else f**2

    with pytest.warns(UserWarning, match="running eagerly") as three:
        nn.fit(model, [[1.0, 2.0]] * 99, [1.0] * 99, loss=loss, epochs=50, batch_size=4)
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    with pytest.warns(UserWarning, match="stale") as four:
        draw(y, partials=True)
    with pytest.warns(UserWarning, match="stale") as five:
        autograd_mini.Trace(y)
    found = [warning for each in (said, too, three, four, five) for warning in each]
    everywhere = {warning.filename for warning in found}
    assert everywhere == {__file__}


def test_a_module_that_is_there_is_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "autograd_mini.player", raising=False)
    assert Imports.find_spec("autograd_mini.player", ["elsewhere"]) is None
