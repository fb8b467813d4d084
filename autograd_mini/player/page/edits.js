// What if: the data of leaves as fields, and everything follows.
class Edits {
  constructor(player) {
    this.player = player;
    /** @type {Map<number, number>} */
    this.changed = new Map();
    /** @type {any} */
    this.recorded = null; // data and local as Python computed them
    this.problems = new Map();
    this.isPossible = false;
  }

  // Take a pass; edits of a graph that stays are kept.
  load(graph, data, local, isNew) {
    this.recorded = { data, local, problems: new Map() };
    this.isPossible = canEvaluate(graph);
    if (isNew) this.changed.clear();
  }

  isField(id) {
    const { graph } = this.player;
    return this.isPossible && id !== null && id >= 0 && !graph.inputs[id].length;
  }

  run() {
    const { graph } = this.player;
    if (!this.changed.size) {
      this.problems = this.recorded.problems;
      return this.recorded;
    }
    const leaves = this.recorded.data.map((x, i) => this.changed.get(i) ?? x);
    const found = evaluate(graph, leaves);
    this.problems = found.problems;
    return found;
  }

  get(id) { return this.changed.get(id) ?? this.recorded.data[id]; }

  set(id, x) {
    if (Object.is(x, this.recorded.data[id])) this.changed.delete(id);
    else this.changed.set(id, x);
    this.player.recompute();
  }

  // By a tenth, by 1 with Shift, by a hundredth with Alt; without the dust of binary fractions.
  nudge(id, steps, event) {
    const step = event.shiftKey ? 1 : event.altKey ? 0.01 : 0.1;
    this.set(id, Number((this.get(id) + steps * step).toPrecision(12)));
  }

  reset(id) {
    if (id === undefined) this.changed.clear();
    else this.changed.delete(id);
    this.player.recompute();
  }

  // What the edits did to the root, beside what the gradient foretold.
  effect() {
    const { graph, pass } = this.player;
    const host = this.player.part("effect");
    host.hidden = !this.changed.size;
    this.player.part("undo").hidden = !this.changed.size;
    if (!this.changed.size) return;
    const root = graph.inputs.length - 1, { data } = this.recorded;
    const edits = [...this.changed].map(([id, x]) =>
      `${graph.name[id]} ${short(data[id])} → ${short(x)}`);
    const told = make("span", "edits", edits.slice(0, 3).join(", ") + (edits.length > 3 ? ` and ${edits.length - 3} more` : ""));
    told.title = edits.join("\n");
    host.replaceChildren(told);
    const [problem] = this.problems.values();
    if (problem) {
      host.append(make("span", "stop", problem));
      return;
    }
    const before = this.player.recordedPass().gradient;
    const foretold = [...this.changed].reduce((sum, [id, x]) =>
      sum + ((before.get(id) ?? 0) / graph.seed) * (x - data[id]), 0);
    const name = graph.name[root];
    host.append(make("span", "quiet", `${name} changes by `), numeral(pass.data[root] - data[root], "after"),
      make("span", "quiet", "gradient · change = "), numeral(foretold, "after"));
  }

  // The field of a leaf, for the panel: type, arrows, and drag its name.
  field(id) {
    const row = make("span", "field");
    const input = make("input");
    input.type = "text";
    input.inputMode = "decimal";
    input.value = repr(this.get(id));
    input.dataset.part = "field";
    input.setAttribute("aria-label", `data of ${this.player.graph.name[id]}`);
    input.title = "Type a number; ↑ ↓ by 0.1, Shift by 1, Alt by 0.01";
    const take = () => {
      const x = Number(input.value);
      if (input.value.trim() !== "" && Number.isFinite(x)) this.set(id, x);
      else input.value = repr(this.get(id));
    };
    input.addEventListener("change", take);
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (up) {
        event.preventDefault();
        this.nudge(id, up, event);
      } else if (event.key === "Enter") take();
      else if (event.key === "Escape") input.blur();
      else if (/^[a-df-z?/]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault(); // no number has such a letter: it is a key of the page
        input.blur();
        document.body.dispatchEvent(new KeyboardEvent("keydown", event));
      }
    });
    const handle = make("span", "scrub", "↔");
    handle.title = "Drag to change";
    this.scrub(handle, () => id);
    const undo = make("button", "small", "reset");
    undo.hidden = !this.changed.has(id);
    undo.title = `Back to ${repr(this.recorded.data[id])}`;
    undo.addEventListener("click", () => this.reset(id));
    row.append(handle, input, undo);
    return row;
  }

  // Dragging sideways changes a leaf: a tenth for every four pixels.
  scrub(element, leafAt) {
    takeFingers(element);
    let id = null, from = 0, start = 0;
    element.addEventListener("pointerdown", (event) => {
      id = leafAt(event);
      if (id === null || !this.isField(id) || event.button) return;
      event.preventDefault();
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
      [from, start] = [event.clientX, this.get(id)];
    });
    element.addEventListener("pointermove", (event) => {
      if (id === null || !element.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const step = event.shiftKey ? 1 : event.altKey ? 0.01 : 0.1;
      const x = start + step * Math.round((event.clientX - from) / 4);
      if (Math.abs(event.clientX - from) > 3) this.set(id, Number(x.toPrecision(12)));
    });
    element.addEventListener("pointerup", (event) => {
      if (id !== null && Math.abs(event.clientX - from) <= 3) this.player.select(id);
      id = null;
    });
  }
}
