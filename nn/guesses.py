"""Names and arguments that people bring from PyTorch, Keras and scikit-learn, and ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, ParamSpec, TypeVar, cast, dataclass_transform

from autograd_mini.calls import answered, argument_text, nearest_argument, surplus_arguments

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

# fmt: off
NAMES: Final = {  # for `nn.`
    **dict.fromkeys(("Linear", "Dense"), 'Layer(n_in, n_out, "identity")'),
    **dict.fromkeys(("Sequential", "Model", "Net", "Network", "NeuralNetwork"),
                    'FNN([n_in, hidden, n_out], "relu")'),
    "Module": "a class of your own with parameters() and __call__(x), which fit trains; or an FNN",
    **{name: f'loss="{loss}" in fit, or losses.{loss}_loss(prediction, target)' for name, loss in (
        ("MSELoss", "mse"), ("L1Loss", "mae"), ("SmoothL1Loss", "smooth_l1"), ("HuberLoss", "huber"),
        ("CrossEntropyLoss", "cross_entropy"), ("NLLLoss", "nll"), ("KLDivLoss", "kl"),
        ("BCELoss", "bce"), ("BCEWithLogitsLoss", "bce_with_logits"), ("HingeLoss", "hinge"),
        ("HingeEmbeddingLoss", "hinge"), ("MultiMarginLoss", "multi_margin"), ("mse", "mse"),
        ("mse_loss", "mse"), ("cross_entropy", "cross_entropy"), ("l1_loss", "l1"),
        ("MeanSquaredError", "mse"), ("BinaryCrossentropy", "bce"), ("huber_loss", "huber"),
        ("CategoricalCrossentropy", "cross_entropy"), ("MeanAbsoluteError", "mae"),
        *[(loss, loss) for loss in ("mae", "msle", "huber", "smooth_l1", "log_cosh", "bce", "nll", "kl",
                                    "bce_with_logits", "hinge", "squared_hinge")])},
    **{name: f'activation="{unit}", or activations.{unit}(z)' for name, unit in (
        ("ReLU", "relu"), ("LeakyReLU", "leaky_relu"), ("Tanh", "tanh"), ("Sigmoid", "sigmoid"),
        ("Softmax", "softmax"), ("LogSoftmax", "log_softmax"), ("GELU", "gelu"), ("SiLU", "silu"),
        ("ELU", "elu"), ("SELU", "selu"), ("Mish", "mish"), ("Softplus", "softplus"),
        ("Identity", "identity"), ("relu", "relu"), ("softmax", "softmax"), ("Hardtanh", "hardtanh"),
        ("tanh", "tanh"), ("sigmoid", "sigmoid"), ("log_softmax", "log_softmax"))},
    "functional": "activations and losses", "F": "activations and losses", "init": "initializers",
    "optim": "SGD, Adam, AdamW", "RMSprop": "Adam", "Momentum": "SGD(params, lr, momentum=0.9)",
    "train": "fit(model, X, y, loss=...)", "compile": "autograd_mini.compile(f, *example)",
    "Parameter": "autograd_mini.Value(2.0)", "Tensor": "autograd_mini.Value(2.0)",
    "Value": "autograd_mini.Value(2.0)", "DataLoader": "fit(..., batch_size=32)",
    "MLPClassifier": "FNNClassifier", "MLPRegressor": "FNNRegressor",
    "EarlyStopping": "fit(..., validation=(X, y), patience=10)", "LRScheduler": "Schedule",
    "ModelCheckpoint": "fit(..., checkpoint=path)", "Perceptron": "Neuron(n_in)",
    "clip_grad_norm_": "clip_grad_norm", "clip_grad_value_": "clip_grad_value",
    "utils": "clip_grad_norm, clip_grad_value", "state_dict": "model.state_dict()",
    **dict.fromkeys(("evaluate", "accuracy_score"), "metrics.accuracy(model.predict(X), y)"),
    "accuracy": "metrics.accuracy(model.predict(X), y)", "score": "metrics.accuracy(model.predict(X), y)",
    "r2": "metrics.r2_score(prediction, y)", "mean_squared_error": "losses.mse_loss(prediction, target)",
    **dict.fromkeys(("f1_score", "precision_score", "recall_score"), "metrics.confusion_matrix(prediction, y)"),
    "save_model": "save(model, path)", "load_model": "load(path)", "plot": "history.plot(path)",
    "make_moons": "datasets.moons(n)", "make_circles": "datasets.circles(n)", "make_blobs": "datasets.blobs(n)",
    "load_iris": 'datasets.load("iris")', "load_digits": 'datasets.load("digits")',
    "load_wine": 'datasets.load("wine")', "load_diabetes": 'datasets.load("diabetes")',
    "load_breast_cancer": 'datasets.load("breast_cancer")', "train_test_split": "datasets.split(X, y)",
    "StandardScaler": "datasets.standardize(X)", "PolynomialFeatures": "features.polynomial(degree)",
    "poly": "features.polynomial(degree)", "rbf": "features.radial(centers, gamma)",
    "RBFSampler": "features.radial(centers, gamma)",
    **dict.fromkeys(("xavier", "glorot", "glorot_uniform", "xavier_uniform_"), 'init="xavier_uniform"'),
    **dict.fromkeys(("kaiming", "he", "he_normal", "kaiming_normal_"), 'init="kaiming_normal"'),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "LayerNorm", "BatchNormalization"),
                    "datasets.standardize(X): there is no normalization between layers"),
    **dict.fromkeys(("Conv1d", "Conv2d", "LSTM", "GRU", "RNN", "Embedding", "Transformer", "MultiheadAttention"),
                    "the scalars out and compile them, as demos/sequence.py and demos/_gpt.py do"),
    **dict.fromkeys(("Adagrad", "Adadelta", "NAdam", "Lion"), "Adam(params, lr=0.01)"),
    "swish": 'activation="silu", or activations.silu(z)',
    "linear": 'activation="identity", or activations.identity(z)',
    "Dropout": "fit(..., penalty=losses.l2_penalty(1e-3)): there is no dropout",
}

METHODS: Final = {  # for `model.`, for an FNN
    **dict.fromkeys(("fit", "train", "train_on_batch"), "fit(model, X, y, loss=...)"),
    **dict.fromkeys(("forward", "call", "apply"), "model(x), or model.predict(X)"),
    **dict.fromkeys(("compile", "build"), "fit(model, X, y, loss=..., optimizer=...), which compiles by itself"),
    **dict.fromkeys(("save", "save_weights", "dump"), "save(model, path)"),
    **dict.fromkeys(("load", "load_weights"), "load(path)"), "eval": "model.predict(X): there is one mode",
    **dict.fromkeys(("to", "cuda", "cpu"), "nothing: there is one device"), "predict_proba":
    "activations.sigmoid or softmax of the outputs, or FNNClassifier", "plot": "model.diagram(path)",
    **dict.fromkeys(("evaluate", "score"), "metrics.accuracy(model.predict(X), y)"),
    "draw": "model.diagram(path), or draw(model(x))", "backward": "loss.backward()", "step": "optimizer.step()",
}

RUNS: Final = {  # for `trainer.`
    **dict.fromkeys(("fit", "run"), "fit(model, X, y, loss=..., optimizer=...)"),
    **dict.fromkeys(("train", "train_step", "train_on_batch", "update_weights"), "trainer.step(X, y)"),
}

STEPS: Final = {  # for `optimizer.`
    **dict.fromkeys(("minimize", "apply_gradients", "backward"), "loss.backward() and optimizer.step()"),
    "param_groups": "optimizer.params and optimizer.lr", "learning_rate": "optimizer.lr",
}

RECORDS: Final = {  # for `history.`
    **dict.fromkeys(("losses", "train_loss", "loss_curve_"), "history.loss"),
    **dict.fromkeys(("val_losses", "validation_loss"), "history.val_loss"),
    **dict.fromkeys(("accuracy", "acc"), 'history.metrics["accuracy"]'),
    "val_accuracy": 'history.metrics["val_accuracy"]', "history": "history.columns()",
}

UNITS: Final = {  # for `layer.` and `neuron.`
    **dict.fromkeys(("forward", "call"), "layer(x)"),
    **dict.fromkeys(("weight", "bias"), "neuron.w and neuron.b, for neuron in layer.neurons"),
}

MODULES: Final = {  # for `import nn.`
    **dict.fromkeys(("optim", "optimizer", "optimiser", "optimisers"), "from nn import SGD, Adam, AdamW"),
    **dict.fromkeys(("functional", "functions"), "from nn import activations, losses"),
    **dict.fromkeys(("modules", "module", "models", "model", "layer", "linear", "mlp", "networks"),
                    "from nn import FNN, Layer, Neuron"),
    **dict.fromkeys(("loss", "criterion"), "from nn import losses"), "init": "from nn import initializers",
    **dict.fromkeys(("train", "trainer", "fit"), "from nn import fit, Trainer"),
    **dict.fromkeys(("utils", "clip_grad"), "from nn import clip_grad_norm, clip_grad_value"),
    **dict.fromkeys(("data", "dataset"), "from nn import datasets"), "engine": "from autograd_mini import Value",
    **dict.fromkeys(("lr_scheduler", "scheduler", "schedulers"), "from nn import StepLR, CosineAnnealingLR"),
    **dict.fromkeys(("preprocessing", "model_selection"), "from nn.datasets import split, standardize"),
}

SYNONYMS: Final = {  # what is a name elsewhere: its names here
    **dict.fromkeys(("mean_squared_error", "squared_error", "l2", "l2_loss", "rmse"), ("mse",)),
    **dict.fromkeys(("mean_absolute_error", "absolute_error", "l1"), ("mae",)),
    "mean_squared_logarithmic_error": ("msle",), "kullback_leibler_divergence": ("kl",), "kl_div": ("kl",),
    **dict.fromkeys(("log_loss", "binary_crossentropy", "logloss", "bce", "binary_cross_entropy"),
                    ("bce_with_logits", "bce")),
    **dict.fromkeys(("categorical_crossentropy", "sparse_categorical_crossentropy", "crossentropy",
                     "softmax", "softmax_cross_entropy", "multinomial", "ce"), ("cross_entropy",)),
    "logistic": ("sigmoid", "bce_with_logits"), "none": ("identity",), "lrelu": ("leaky_relu",),
    "rectifier": ("relu",), "expit": ("sigmoid",),
    **dict.fromkeys(("he", "kaiming", "he_uniform"), ("kaiming_uniform",)), "he_normal": ("kaiming_normal",),
    **dict.fromkeys(("glorot", "xavier", "glorot_uniform"), ("xavier_uniform",)),
    "glorot_normal": ("xavier_normal",), "acc": ("accuracy",), "r2": ("r2_score",), "cancer": ("breast_cancer",),
    **dict.fromkeys(("rmsprop", "adamw", "lbfgs"), ("adam",)),
}

KEYWORDS: Final = {  # an argument's name: ours, or what to write
    **dict.fromkeys(("learning_rate", "eta", "step_size", "alpha", "learning_rate_init"), "lr"),
    **dict.fromkeys(("n_epochs", "num_epochs", "nb_epoch", "max_iter", "iterations", "steps"), "epochs"),
    **dict.fromkeys(("batch", "batchsize", "bs", "minibatch_size"), "batch_size"),
    **dict.fromkeys(("optim", "opt", "solver"), "optimizer"),
    **dict.fromkeys(("criterion", "loss_fn", "loss_function", "objective"), "loss"),
    **dict.fromkeys(("validation_data", "val_data", "validation_set", "val"), "validation"),
    **dict.fromkeys(("random_state", "random_seed", "rng_seed"), "seed"),
    **dict.fromkeys(("layers", "layer_sizes", "hidden_layer_sizes", "widths", "units"), "sizes"),
    **dict.fromkeys(("nonlin", "act", "activation_fn", "nonlinearity", "hidden_activation"), "activation"),
    **dict.fromkeys(("out_activation", "final_activation", "last_activation"), "output_activation"),
    **dict.fromkeys(("parameters", "model_parameters"), "params"), "in_features": "n_in",
    "out_features": "n_out", "nin": "n_in", "nout": "n_out", "use_bias": "bias", "verbose": "progress",
    "scheduler": "schedule", "lr_scheduler": "schedule", "callback": "callbacks", "metric": "metrics",
    "early_stopping": "patience", "l2": "weight_decay", "decay": "weight_decay", "beta": "betas",
    "beta1": "betas", "beta_1": "betas", "epsilon": "eps", "kernel_initializer": "init",
    "initializer": "init", "weight_init": "init", "max_norm": "clip_norm", "max_grad_norm": "clip_norm",
    "n_samples": "n", "samples": "n", "n_points": "n", "n_classes": "classes", "cluster_std": "spread",
    "sample_weights": "sample_weight", "hidden": "sizes", "hidden_sizes": "sizes", "device": "backend",
}
# fmt: on


NEEDS: Final = {  # what an argument is, for a call that lacks it, or has something else
    "loss": "a name, such as 'mse' or 'cross_entropy', or a function of one example's "
    "(prediction, target)",
    "optimizer": "an object such as SGD(model.parameters(), lr=0.1)",
    "params": "a list of Values such as model.parameters()",
    "sizes": "a list such as [n_in, hidden, n_out]",
    "nouts": "a list such as [16, 16, 1]",
    "penalty": "a function model -> Value, such as losses.l2_penalty(1e-4)",
    "schedule": "an object such as StepLR(optimizer, step_size=10)",
    "validation": "a pair (X, y)",
    "metrics": "a list such as ['accuracy']",
    "callbacks": "a list of functions of the run",
}


def unlike(name: str, given: object) -> str:
    """Return what to say of an argument that is not what it has to be.

    Example:
        >>> unlike("validation", 0.2)
        'validation is a pair (X, y), but got 0.2'
    """
    return f"{name} is {NEEDS[name]}, but got {given!r:.200}"


def keywords(f: Callable[P, R]) -> Callable[P, R]:
    """Make a function answer a call that it cannot take, in the words of this package.

    Example:
        >>> @keywords
        ... def step(lr=0.1): ...
        >>> step(learning_rate=0.2)
        Traceback (most recent call last):
            ...
        TypeError: step() has no argument 'learning_rate': write lr=
    """
    return answered(f, meant=_meant, needs=NEEDS, too_many=_too_many)


@dataclass_transform(field_specifiers=(field,))
def of_settings(cls: C) -> C:
    """Make a class whose constructor stores its arguments, and answers a call that it cannot take.

    Example:
        >>> @of_settings
        ... class Step:
        ...     lr: float = 0.1
        >>> Step(learning_rate=0.2)
        Traceback (most recent call last):
            ...
        TypeError: Step() has no argument 'learning_rate': write lr=
    """
    made = cast(Any, dataclass(eq=False, repr=False)(cls))
    made.__init__ = keywords(made.__init__)
    return made


def _too_many(own: Sequence[str], named: Sequence[str], given: Sequence[object]) -> str:
    if own == ("x",):  # the letter of one example
        return f"takes one example, a list: write model([{', '.join(map(argument_text, given))}])"
    return surplus_arguments(own, named, given)


def _meant(name: str, known: Sequence[str]) -> str:
    ours = KEYWORDS.get(name, name)
    same = [one for one in known if ours in (one, KEYWORDS.get(one))]  # lr, learning_rate_init
    if same:
        return f": write {same[0]}="
    if ours == "lr" and "optimizer" in known:
        return ": write optimizer=SGD(model.parameters(), lr=0.1)"
    if ours == "weight_decay" and "penalty" in known:
        return ": write penalty=losses.l2_penalty(1e-3)"
    return nearest_argument(name, known)
