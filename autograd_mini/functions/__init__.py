"""Functions on Values or plain numbers: a Value gives a node of the graph, numbers give a float.

Every function here applies one row of the rule table. Some are methods of Value, too: NumPy's
functions call them on object arrays of Values.

```
elementary    exponentials, angles, lengths, the error function
activations   activations, and the functions that losses are made of
choice        the larger, the smaller, one of two, an element of many
many          sums, products, means: one node for any number of numbers
primitives    @primitive: an operation of your own
signatures    what a type checker knows of them
```
"""

from __future__ import annotations

from autograd_mini.functions import activations, choice, elementary, many, primitives
from autograd_mini.functions.activations import *
from autograd_mini.functions.choice import *
from autograd_mini.functions.elementary import *
from autograd_mini.functions.many import *
from autograd_mini.functions.primitives import *

__all__: list[str] = []
__all__ += activations.__all__
__all__ += choice.__all__
__all__ += elementary.__all__
__all__ += many.__all__
__all__ += primitives.__all__
