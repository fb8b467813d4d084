from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from nn import FNNClassifier, FNNRegressor, datasets


@pytest.mark.parametrize(
    "estimator",
    [FNNClassifier(max_iter=50), FNNRegressor(max_iter=50)],
    ids=["classifier", "regressor"],
)
def test_scikit_learns_own_checks_pass(estimator: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks themselves provoke some
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {r["check_name"]: repr(r["exception"]) for r in results if r["status"] == "failed"}
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) > 40


def blobs(names: list[str]) -> tuple[Any, Any]:
    X, y = datasets.blobs(90, centers=len(names), seed=0)
    return np.array(X), np.array(names)[np.array(y)]


@pytest.mark.parametrize("names", [["no", "yes"], ["cat", "dog", "emu"]], ids=["two", "three"])
def test_string_labels_come_back_and_probabilities_add_up(names: list[str]) -> None:
    X, y = blobs(names)
    classifier = FNNClassifier(random_state=0).fit(X, y)
    assert classifier.classes_.tolist() == names
    assert classifier.score(X, y) > 0.9
    p = classifier.predict_proba(X)
    assert p.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert (classifier.classes_[p.argmax(axis=1)] == classifier.predict(X)).all()


def test_it_works_in_pipelines_searches_and_cross_validation() -> None:
    X, y = blobs(["a", "b", "c"])
    pipeline = make_pipeline(StandardScaler(), FNNClassifier(max_iter=50, random_state=0))
    grid = {"fnnclassifier__hidden_layer_sizes": [(2,), (8,)]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.8
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.8


def test_data_frames_keep_their_column_names() -> None:
    pandas = pytest.importorskip("pandas")
    X, y = blobs(["a", "b"])
    frame = pandas.DataFrame(X, columns=["first", "second"])
    classifier = FNNClassifier(random_state=0).fit(frame, y)
    assert classifier.feature_names_in_.tolist() == ["first", "second"]
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame.rename(columns={"first": "other"}))


def test_partial_fit_goes_on_one_epoch_at_a_time() -> None:
    X, y = blobs(["a", "b", "c"])
    classifier = FNNClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes"):
        classifier.partial_fit(X[:30], y[:30])
    for _ in range(60):
        classifier.partial_fit(X[:45], y[:45], classes=["a", "b", "c"])
        classifier.partial_fit(X[45:], y[45:])
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 120
    assert classifier.score(X, y) > 0.9
    with pytest.raises(ValueError, match=r"y has \['d'\], which are not among \['a', 'b', 'c'\]"):
        classifier.partial_fit(X[:1], ["d"])
    with pytest.raises(ValueError, match="since the first call"):
        classifier.partial_fit(X[:1], ["a"], classes=["a", "b"])
    with pytest.raises(ValueError, match=r"two classes at least, but got \['a'\]"):
        FNNClassifier().partial_fit(X[:1], ["a"], classes=["a"])
    fresh = FNNClassifier()
    with pytest.raises(ValueError, match="not among"):
        fresh.partial_fit(X[:1], ["d"], classes=["a", "b"])
    assert not hasattr(fresh, "classes_")


def test_a_weight_counts_like_repetition() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    y = X[:, 0] - X[:, 1] ** 2
    weights = np.arange(30) % 3
    weighted = FNNRegressor(random_state=0).fit(X, y, sample_weight=weights)
    repeated = FNNRegressor(random_state=0).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    assert weighted.predict(X) == pytest.approx(repeated.predict(X), rel=1e-6)


def test_the_loss_curve_falls_and_a_refit_equals_the_first_fit() -> None:
    X = np.linspace(-2, 2, 40)[:, None]
    y = np.sin(X[:, 0])
    regressor = FNNRegressor(random_state=3)
    first = regressor.fit(X, y).predict(X)
    assert regressor.loss_curve_[-1] < regressor.loss_curve_[0] / 10
    assert np.array_equal(regressor.fit(X, y).predict(X), first)
    with pytest.warns(DataConversionWarning):
        regressor.fit(X, y[:, None])


def test_one_hidden_layer_may_be_given_by_its_width() -> None:
    classifier = FNNClassifier(5, max_iter=1).fit([[0.0], [1.0]], [0, 1])
    assert classifier.model_.sizes == [1, 5, 1]


def test_one_class_only_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="all of one class, 'a'"):
        FNNClassifier().fit([[0.0], [1.0]], ["a", "a"])
    with pytest.raises(ValueError, match="max_iter must be 1 or more, but got 0"):
        FNNClassifier(max_iter=0).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="'lbfgs'"):
        FNNClassifier(solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
