"""The checker finds what is wrong, names it, and is silent where nothing is."""

from __future__ import annotations

import contextlib
import io
import math
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from autograd_mini import (
    OPS,
    Op,
    Value,
    apply,
    clip,
    dot,
    grad,
    maximum,
    no_grad,
    ops,
    primitive,
    tanh,
    value,
)
from autograd_mini.testing import (
    GradientMismatchError,
    Program,
    check_gradients,
    finite,
    gradcheck,
    nonzero,
    points,
    positive,
    programs,
    reference_gradient,
    testing_hook,
    values,
)
from autograd_mini.testing.command import main
from autograd_mini.testing.differences import judge, ridders
from autograd_mini.testing.source import source
