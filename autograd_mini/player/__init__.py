"""The HTML pages: one offline file that steps through a graph's passes in any browser.

```
document  a page as one file; what stands in a script or an attribute
graphs    what a page knows of a graph: JSON, and a picture
trace     the player of one Trace
programs  compiled programs in a page
showing   how a page comes before the reader's eyes
page/     the pages' own HTML, CSS and JavaScript, a module for each idea
```
"""

from __future__ import annotations

from autograd_mini.player.document import PLAYER, document, embedded, part, script_json
from autograd_mini.player.graphs import graph_json, numbers_json
from autograd_mini.player.programs import javascript_programs
from autograd_mini.player.showing import open_page, show
from autograd_mini.player.trace import trace_page

__all__ = [
    "PLAYER",
    "document",
    "embedded",
    "graph_json",
    "javascript_programs",
    "numbers_json",
    "open_page",
    "part",
    "script_json",
    "show",
    "trace_page",
]
