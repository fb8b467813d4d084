"""The terminal stepper: `loss.debug()`, and `python -m autograd_mini debug script.py`.

It looks like pdb and knows the graph: it steps along edges, forward and back, stops where a
gradient changes or the first NaN appears, and answers any Python expression about the moment it
stands at.

```
moment    a backward pass at one of its moments: going forward and back
stops     breakpoints and watchpoints: what a *where* means, and whether a moment is there
commands  what the commands are called, and how their arguments are read
views     what they show: lines of text
session   Session: what all commands share
stopping  the commands of stops
moving    the commands that move
looking   the commands that look
prompt    Debugger: the prompt, its lines, its help
```
"""

from __future__ import annotations

from autograd_mini.debugger.moment import Moment
from autograd_mini.debugger.prompt import Debugger

__all__ = ["Debugger", "Moment"]
