"""FNNClassifier and FNNRegressor: networks with scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, field
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import (  # pyright: ignore[reportMissingTypeStubs] # it ships none
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
)

from nn.arrays import Array
from nn.errors import unknown_name, whole_number
from nn.guesses import of_settings
from nn.losses import l2_penalty
from nn.network import FNN
from nn.optimizers import SGD, Adam
from nn.training import fit

__all__ = ["FNNClassifier", "FNNRegressor"]

validation = import_module("sklearn.utils.validation")  # whose functions are not typed
multiclass = import_module("sklearn.utils.multiclass")


@of_settings
class _FNNEstimator(BaseEstimator):
    """What classifier and regressor share: their settings and how a network is trained."""

    hidden_layer_sizes: Sequence[int] | int = (8,)
    activation: str = "tanh"
    _: KW_ONLY
    solver: str = "adam"
    learning_rate_init: float = 0.05
    alpha: float = 1e-4
    batch_size: int | None = None
    max_iter: int = 200
    random_state: Any = None
    backend: str = "auto"
    dtype: Any = "float64"
    n_features_in_: int = field(init=False)
    feature_names_in_: Any = field(init=False)  # of a table

    def _start(self, n_outputs: int) -> None:
        """Make a fresh network and its optimizer."""
        whole_number("max_iter", self.max_iter)
        solvers: dict[str, Any] = {"adam": Adam, "sgd": SGD}
        if self.solver not in solvers:
            raise unknown_name("solver", str(self.solver), solvers)
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist()  # a number, as scikit-learn's MLP
        sizes = [self.n_features_in_, *hidden, n_outputs]
        self._seed = int(validation.check_random_state(self.random_state).randint(2**31 - 1))
        self.model_ = FNN(sizes, self.activation, seed=self._seed)
        parameters = self.model_.parameters()
        self._optimizer = solvers[self.solver](parameters, lr=self.learning_rate_init)
        self.loss_curve_: list[float] = []
        self.n_iter_ = 0

    def _train(self, X: Array, y: Any, loss: str, epochs: int, sample_weight: Any) -> None:
        history = fit(
            self.model_,
            X,
            y,
            loss=loss,
            optimizer=self._optimizer,
            epochs=epochs,
            batch_size=self.batch_size,
            seed=self._seed + self.n_iter_,
            penalty=l2_penalty(self.alpha) if self.alpha else None,
            sample_weight=sample_weight,
            backend=self.backend,
            dtype=self.dtype,
            progress=False,
        )
        self.loss_curve_ += history.loss
        self.n_iter_ += len(history.loss)

    def _outputs(self, X: Any) -> Array:
        validation.check_is_fitted(self)
        return self.model_.predict(validation.validate_data(self, X, reset=False))

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, is_first: bool, **how: Any
    ) -> tuple[Array, Array, Any]:
        """Return examples, targets and weights as arrays, without those whose weight is 0.

        The first ones say how many features there are.
        """
        rows, targets = validation.validate_data(self, X, y, reset=is_first, **how)
        if sample_weight is None:
            return rows, targets, None
        checked = validation._check_sample_weight  # the one that estimators share
        weights = checked(sample_weight, rows, ensure_non_negative=True)
        kept = weights > 0
        if not kept.any():
            raise ValueError("all sample weights are zero: there is nothing to learn from")
        return rows[kept], targets[kept], weights[kept]


class FNNClassifier(ClassifierMixin, _FNNEstimator):
    """A network that tells classes apart, trained on the cross-entropy.

    Two classes have one output, whose sigmoid is the probability of the second; more classes have
    one output each, under a softmax.

    Args:
        hidden_layer_sizes: The widths of the hidden layers; a number is a single layer.
        activation: The activation of the hidden layers, by name.
        solver: "adam" or "sgd".
        learning_rate_init: The learning rate.
        alpha: The strength of the L2 penalty alpha/2·Σw² on the weights.
        batch_size: Examples per update; None for all.
        max_iter: The number of epochs.
        random_state: The seed of the weights and of the order of the batches.
        backend: As in `nn.fit`.
        dtype: As in `nn.fit`: "float32" trains in single precision.

    Attributes:
        classes_: The labels, sorted.
        model_: The trained FNN.
        loss_curve_: The loss of every epoch.
        n_iter_: The number of epochs so far.

    Example:
        >>> from nn import FNNClassifier, datasets
        >>> X, y = datasets.moons(100, noise=0.1, seed=0)
        >>> classifier = FNNClassifier((16,), random_state=0).fit(X, y)
        >>> bool(classifier.score(X, y) > 0.9)
        True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FNNClassifier:
        """Train a fresh network.

        Args:
            X: N examples of D features.
            y: N labels, numbers or strings, of two classes at least.
            sample_weight: A weight for each example; 0 leaves it out, 2 counts it twice.

        Raises:
            ValueError: If the data cannot be meant, or hold one class only.
        """
        rows, labels, weights = self._checked(X, y, sample_weight, is_first=True)
        multiclass.check_classification_targets(labels)
        classes = np.unique(labels)
        if len(classes) < 2:
            raise ValueError(
                "a classifier needs examples of two classes at least, but the "
                f"{len(labels)} examples with weight are all of one class, {classes.tolist()[0]!r}"
            )
        return self._learn(classes, rows, labels, weights, self.max_iter)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> FNNClassifier:
        """Train for one epoch more, from where the network stands.

        Args:
            X: Some examples.
            y: Their labels.
            classes: All labels there will ever be; needed in the first call.
            sample_weight: A weight for each example.

        Raises:
            ValueError: If the first call names no classes, a later one names others, or a label
                is not among them.
        """
        first = not hasattr(self, "model_")
        rows, labels, weights = self._checked(X, y, sample_weight, first)
        multiclass.check_classification_targets(labels)
        if first and classes is None:
            raise ValueError("the first call of partial_fit needs classes=, all the labels")
        known = np.unique(classes) if first else self.classes_
        if len(known) < 2:
            raise ValueError(f"a classifier needs two classes at least, but got {known.tolist()}")
        if not (classes is None or np.array_equal(np.unique(classes), known)):
            raise ValueError(
                f"the classes are {known.tolist()} since the first call, but now they are "
                f"{np.unique(classes).tolist()}"
            )
        unknown = np.setdiff1d(labels, known)
        if len(unknown):
            raise ValueError(f"y has {unknown.tolist()}, which are not among {known.tolist()}")
        return self._learn(known if first else None, rows, labels, weights, 1)

    def _learn(self, classes: Any, X: Array, y: Array, weights: Any, epochs: int) -> FNNClassifier:
        """Train, and with `classes` a fresh network for them."""
        binary = len(self.classes_ if classes is None else classes) == 2
        if classes is not None:
            self.classes_ = classes
            self._start(1 if binary else len(classes))
        loss = "bce_with_logits" if binary else "cross_entropy"
        self._train(X, np.searchsorted(self.classes_, y), loss, epochs, weights)
        return self

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, shape (N, number of classes).

        Args:
            X: N examples of D features.

        Raises:
            NotFittedError: If the network is not trained yet.
            ValueError: If the examples have not D features.
        """
        logits = self._outputs(X)
        if logits.ndim == 1:
            logits = np.column_stack([np.zeros(len(logits)), logits])
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Array:
        """Return the most probable label of each example."""
        logits = self._outputs(X)
        index = (logits > 0).astype(int) if logits.ndim == 1 else logits.argmax(axis=1)
        return self.classes_[index]


@of_settings
class FNNRegressor(RegressorMixin, _FNNEstimator):
    """A network that predicts a number, trained on the squared error.

    Args:
        hidden_layer_sizes: The widths of the hidden layers; a number is a single layer.
        activation: The activation of the hidden layers, by name.
        loss: The name of a loss for one output, such as "mse", "mae" or "huber".
        solver: "adam" or "sgd".
        learning_rate_init: The learning rate.
        alpha: The strength of the L2 penalty alpha/2·Σw² on the weights.
        batch_size: Examples per update; None for all.
        max_iter: The number of epochs.
        random_state: The seed of the weights and of the order of the batches.
        backend: As in `nn.fit`.
        dtype: As in `nn.fit`: "float32" trains in single precision.

    Attributes:
        model_: The trained FNN.
        loss_curve_: The loss of every epoch.
        n_iter_: The number of epochs so far.

    Example:
        >>> from nn import FNNRegressor
        >>> X = [[x / 10] for x in range(30)]
        >>> y = [2 * x[0] + 1 for x in X]
        >>> regressor = FNNRegressor(random_state=0).fit(X, y)
        >>> bool(regressor.score(X, y) > 0.99)
        True
    """

    loss: str = field(default="mse", kw_only=True)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FNNRegressor:
        """Train a fresh network.

        Args:
            X: N examples of D features.
            y: N numbers.
            sample_weight: A weight for each example; 0 leaves it out, 2 counts it twice.

        Raises:
            ValueError: If the data cannot be meant.
        """
        return self._learn(X, y, sample_weight, self.max_iter, is_fresh=True)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> FNNRegressor:
        """Train for one epoch more, from where the network stands.

        Args:
            X: Some examples.
            y: Their numbers.
            sample_weight: A weight for each example.

        Raises:
            ValueError: If the data cannot be meant.
        """
        return self._learn(X, y, sample_weight, 1, is_fresh=not hasattr(self, "model_"))

    def _learn(
        self, X: Any, y: Any, sample_weight: Any, epochs: int, is_fresh: bool
    ) -> FNNRegressor:
        how = {"y_numeric": True, "multi_output": True}
        rows, targets, weights = self._checked(X, y, sample_weight, is_fresh, **how)
        if is_fresh:
            self._start(1)
        targets = validation.column_or_1d(targets, warn=True)
        self._train(rows, targets, self.loss, epochs, weights)
        return self

    def predict(self, X: Any) -> Array:
        """Return the prediction for each example, shape (N,)."""
        return self._outputs(X)
