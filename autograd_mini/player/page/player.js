// The player: a pass on a scene, controls and panels. `root` holds one page's worth of elements.
class Player {
  constructor(root, remember) {
    this.root = root;
    this.remember = remember;
    this.position = 0;
    this.selected = null;
    this.hovered = null;
    this.breakpoints = new Set();
    this.part = (name) => find(`[data-part="${name}"]`, root);
    this.wire();
  }

  // Take a graph and one pass over it. A pass over the graph already shown keeps the position.
  load(svg, graph, data, local) {
    const isNew = !this.scene || this.scene.svg !== svg;
    if (isNew) {
      this.part("graph").replaceChildren(svg);
      this.part("graph").classList.add("playing-field");
      this.scene = svg.scene ??= new Scene(svg, this.part("graph"));
      this.hovered = this.selected = null;
      this.breakpoints.clear();
    }
    const { scene } = this;
    this.graph = graph;
    this.pass = new Pass(graph, data, local, (id) => scene.boxes.has(id));
    this.first = new Array(graph.inputs.length).fill(0);
    this.pass.frames.forEach((frame, position) => {
      if (frame.kind === "forward") this.first[frame.node] = position;
    });
    if (isNew) {
      this.list();
      this.start();
    }
    this.slider.max = this.pass.last;
    this.root.style.setProperty("--turn", this.pass.seedFrame / this.pass.last);
    this.restart(isNew ? 0 : clamp(this.position, 0, this.pass.last));
  }

  // Show a position from nothing: every box and row is written.
  restart(position) {
    this.gradient = new Map();
    this.position = 0;
    for (const id of this.scene.boxes.keys()) this.paint(id);
    this.seek(position, true);
  }

  get slider() { return this.part("slider"); }

  seek(target, always = false) {
    const position = clamp(Math.round(target), 0, this.pass.last);
    if (position === this.position && !always) return;
    const touched = new Set();
    const frames = this.pass.frames;
    while (this.position < position) {
      this.position += 1;
      this.apply(frames[this.position], touched);
    }
    while (this.position > position) {
      this.undo(frames[this.position], touched);
      this.position -= 1;
    }
    const { kind, node, argument } = frames[position];
    if (kind === "backward") this.scene.middle(`e${node}_${argument}`); // read before writing
    for (const id of touched) this.paint(id);
    this.show();
  }

  apply({ kind, node, parent, after }, touched) {
    if (kind === "forward") touched.add(node);
    else {
      this.gradient.set(parent, after);
      touched.add(parent);
    }
  }

  undo({ kind, node, parent, before, isFirst }, touched) {
    if (kind === "forward") touched.add(node);
    else {
      if (kind === "seed" || isFirst) this.gradient.delete(parent);
      else this.gradient.set(parent, before);
      touched.add(parent);
    }
  }

  isComputed(id) { return this.first[id] <= this.position; }

  paint(id) {
    const box = this.scene.boxes.get(id);
    if (!box) return;
    const isComputed = this.isComputed(id), gradient = this.gradient.get(id);
    const data = isComputed ? this.pass.data[id] : undefined;
    this.scene.write(id, "data", data === undefined ? "–" : short(data));
    this.scene.write(id, "grad", gradient === undefined ? "–" : short(gradient));
    box.element.classList.toggle("waiting", !isComputed);
    this.scene.tint(id, gradient, this.pass.scale);
    const row = this.rows.get(id);
    if (row) {
      row.cells[1].textContent = data === undefined ? "–" : short(data);
      row.cells[2].textContent = gradient === undefined ? "–" : short(gradient);
      row.dataset.sign = gradient > 0 ? "up" : gradient < 0 ? "down" : "";
    }
  }

  // Everything around the boxes: highlights, sentence, slider, address.
  show() {
    const { pass, scene, position } = this;
    const frame = pass.frames[position];
    for (const element of this.marked ?? []) element.classList.remove("node-active", "parent-active");
    this.marked = [];
    const mark = (id, name) => {
      const element = scene.boxes.get(id)?.element;
      if (element) {
        element.classList.add(name);
        this.marked.push(element);
      }
    };
    const { node, parent, argument } = frame;
    const isBackward = frame.kind === "backward";
    if (isBackward) {
      mark(node, "node-active");
      mark(parent, "parent-active");
      scene.highlight([`e${node}_${argument}`], "backward",
        `${short(frame.local)} · ${short(frame.upstream)} = ${short(frame.contribution)}`,
        [node, parent]);
      scene.reveal([parent, node]);
    } else if (frame.kind === "forward") {
      mark(node, "parent-active");
      scene.highlight(this.graph.inputs[node].map((_, i) => `e${node}_${i}`), "forward");
      scene.reveal([node, ...this.graph.inputs[node]]);
    } else {
      mark(node, "parent-active");
      scene.highlight([], "forward");
      if (node >= 0) scene.reveal([node]);
    }
    const count = { start: "Start", seed: "Seed",
      forward: `Forward ${frame.index + 1} of ${pass.operations}`,
      backward: `Backward ${frame.index + 1} of ${pass.total}` }[frame.kind];
    this.root.dataset.phase = frame.kind;
    this.part("phase").textContent = count;
    const sentence = this.part("sentence");
    sentence.replaceChildren(...pass.parts(position).map(([kind, text]) => make("span", kind, text)));
    this.slider.value = position;
    this.slider.setAttribute("aria-valuetext", `${count}: ${sentence.textContent}`);
    this.part("count").textContent = `${position} / ${pass.last}`;
    for (const name of ["first", "back-node", "back"]) this.part(name).disabled = position === 0;
    for (const name of ["next", "next-node", "last"]) {
      this.part(name).disabled = position === pass.last;
    }
    this.describe();
    this.remember?.();
  }

  // Moving by whole nodes: to where the frame after the next one is about another node.
  nextNode() {
    const { frames, last } = this.pass;
    let position = Math.min(this.position + 1, last);
    while (position < last && frames[position + 1].kind === frames[position].kind &&
           frames[position + 1].node === frames[position].node) position += 1;
    return position;
  }

  previousNode() {
    const { frames } = this.pass;
    let position = Math.max(this.position - 1, 0);
    while (position > 0 && frames[position + 1].kind === frames[position].kind &&
           frames[position + 1].node === frames[position].node) position -= 1;
    return position;
  }

  get isPlaying() { return this.timer !== undefined; }

  play() {
    if (this.position === this.pass.last) this.seek(0);
    this.tick();
    this.playing();
  }

  tick() {
    this.timer = setTimeout(() => {
      this.seek(this.position + 1);
      const { node, parent } = this.pass.frames[this.position];
      const isStop = this.breakpoints.has(node) || this.breakpoints.has(parent);
      if (isStop || this.position === this.pass.last) this.pause();
      else this.tick();
    }, 1000 / Number(this.part("speed").value));
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.playing();
  }

  playing() {
    const button = this.part("play");
    button.dataset.playing = this.isPlaying;
    button.setAttribute("aria-label", this.isPlaying ? "Pause" : "Play");
    button.title = this.isPlaying ? "Pause (Space)" : "Play (Space)";
    this.part("sentence").setAttribute("aria-live", this.isPlaying ? "off" : "polite");
  }

  go(target) {
    if (this.isPlaying) this.pause();
    this.seek(target);
  }

  // The first look: all of it if that can be read, else its end, where the pass begins.
  start() {
    const { scene } = this;
    scene.fit(false);
    const readable = 0.62;
    if (scene.view.scale >= readable) return;
    const { height } = scene.size;
    const left = scene.width / readable / 2 - 8;
    scene.look(Math.min(left, scene.size.width / 2), height / 2, readable);
  }

  // The table of gradients.

  list() {
    const { graph, scene } = this;
    const body = this.part("rows");
    this.rows = new Map();
    const ids = [...scene.boxes.keys()].sort((a, b) => a - b);
    const rank = (id) => (graph.inputs[id].length ? 2 : 0) + (graph.label[id] ? 0 : 1);
    ids.sort((a, b) => rank(a) - rank(b) || a - b);
    body.replaceChildren(...ids.map((id) => {
      const row = make("tr");
      row.dataset.id = id;
      row.append(make("th", "", brief(graph.name[id])), make("td"), make("td"));
      row.cells[0].scope = "row";
      row.cells[0].title = graph.label[id] || graph.name[id];
      this.rows.set(id, row);
      const box = scene.boxes.get(id);
      box.element.setAttribute("aria-label",
        `${graph.name[id]}${graph.op[id] ? ", " + graph.op[id] : ", leaf"}`);
      return row;
    }));
    this.search("");
  }

  search(text) {
    const wanted = text.trim().toLowerCase();
    const { graph, scene } = this;
    this.matches = [];
    for (const [id, row] of this.rows) {
      const isMatch = [graph.label[id], graph.op[id], `n${id}`, graph.name[id]]
        .some((x) => x.toLowerCase().includes(wanted));
      row.hidden = !isMatch;
      if (isMatch) this.matches.push(id);
      scene.boxes.get(id).element.classList.toggle("found", Boolean(wanted) && isMatch);
    }
    scene.svg.classList.toggle("searching", Boolean(wanted));
    this.part("found").textContent = wanted
      ? `${this.matches.length} of ${this.rows.size}` : `${this.rows.size}`;
  }

  nextMatch(direction) {
    if (!this.matches.length) return;
    const index = this.matches.indexOf(this.selected);
    const count = this.matches.length;
    const next = index < 0 ? (direction > 0 ? 0 : count - 1) : (index + direction + count) % count;
    this.select(this.matches[next]);
    this.scene.reveal([this.selected]);
  }

  // One node in detail.

  select(id) {
    const mark = (which, on) => {
      if (which === null) return;
      this.scene.boxes.get(which)?.element.classList.toggle("selected", on);
      this.rows.get(which)?.classList.toggle("selected", on);
    };
    mark(this.selected, false);
    this.selected = id;
    mark(id, true);
    if (id !== null) this.rows.get(id)?.scrollIntoView({ block: "nearest" });
    this.describe();
  }

  toggleBreakpoint() {
    const id = this.selected;
    if (id === null) {
      this.part("hint").textContent = "Select a node first: click it, or press / and search.";
      return;
    }
    if (!this.breakpoints.delete(id)) this.breakpoints.add(id);
    const { element, x, y } = this.scene.boxes.get(id);
    const dot = element.querySelector(".breakpoint");
    if (dot) dot.remove();
    if (this.breakpoints.has(id)) {
      const circle = makeSvg("circle");
      circle.setAttribute("class", "breakpoint");
      circle.setAttribute("cx", x + 2);
      circle.setAttribute("cy", y + 2);
      circle.setAttribute("r", 6);
      element.append(circle);
    }
    this.rows.get(id)?.classList.toggle("stopping", this.breakpoints.has(id));
    this.describe();
  }

  describe() {
    const frame = this.pass.frames[this.position];
    const id = this.hovered ?? this.selected ?? (frame.parent >= 0 ? frame.parent : frame.node);
    const host = this.part("node");
    const button = this.part("break");
    button.setAttribute("aria-pressed", String(this.breakpoints.has(this.selected)));
    this.part("hint").textContent = "";
    if (id < 0) {
      host.replaceChildren(make("p", "quiet", "Point at a node, or click it to keep it here."));
      return;
    }
    const { graph, pass } = this;
    const lines = [];
    const title = make("h2", "", graph.label[id] || graph.name[id]);
    title.append(make("span", "tag", graph.op[id] || "leaf"), make("span", "tag quiet", `n${id}`));
    if (this.breakpoints.has(id)) title.append(make("span", "tag stop", "breakpoint"));
    lines.push(title);
    const pairs = make("dl");
    const pair = (name, text) => pairs.append(make("dt", "", name), make("dd", "", text));
    pair("data", this.isComputed(id) ? repr(pass.data[id]) : "not computed yet");
    const gradient = this.gradient.get(id);
    pair("grad", gradient === undefined ? "not computed yet" : repr(gradient));
    if (graph.op[id]) pair("is", graph.expression[id]);
    const rules = graph.rules[id];
    rules.slice(0, 4).forEach((rule, i) => pair(i ? "" : "rule", rule));
    if (rules.length > 4) pair("", `… ${rules.length - 4} more`);
    if (graph.source[id]) pair("made at", graph.source[id]);
    lines.push(pairs);
    const received = pass.received[id];
    if (received.length || id === graph.inputs.length - 1) {
      lines.push(make("h3", "", "Contributions received"));
      const list = make("ol");
      if (id === graph.inputs.length - 1) {
        list.append(make("li", this.position >= pass.seedFrame ? "" : "pending",
          `${repr(graph.seed)}   the seed`));
      }
      for (const position of received.slice(0, 12)) {
        const f = pass.frames[position];
        const isDone = position <= this.position;
        const item = make("li", isDone ? "" : "pending");
        if (position === this.position) item.classList.add("now");
        const from = `   from ${graph.name[f.node]}, argument ${f.argument}`;
        item.append(make("span", "", isDone
          ? `${repr(f.local)} * ${repr(f.upstream)} = ${repr(f.contribution)}`
          : "still to come"), make("span", "rule", from));
        list.append(item);
      }
      if (received.length > 12) list.append(make("li", "quiet", `… ${received.length - 12} more`));
      lines.push(list);
    }
    host.replaceChildren(...lines);
  }

  // Buttons, keys and pointers.

  wire() {
    const actions = {
      first: () => this.go(0),
      "back-node": () => this.go(this.previousNode()),
      back: () => this.go(this.position - 1),
      play: () => (this.isPlaying ? this.pause() : this.play()),
      next: () => this.go(this.position + 1),
      "next-node": () => this.go(this.nextNode()),
      last: () => this.go(this.pass.last),
      fit: () => this.scene.fit(),
      reset: () => this.scene.move(this.scene.view.x, this.scene.view.y, 1),
      in: () => this.scene.zoom(1.25),
      out: () => this.scene.zoom(0.8),
      break: () => this.toggleBreakpoint(),
      help: () => this.part("keys").showModal(),
      theme: () => {
        const style = document.documentElement.style;
        const isDark = style.colorScheme
          ? style.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
        style.colorScheme = isDark ? "light" : "dark";
      },
    };
    for (const [name, action] of Object.entries(actions)) {
      this.part(name).addEventListener("click", action);
    }
    const slider = this.slider;
    slider.addEventListener("input", () => this.go(Number(slider.value)));

    const search = this.part("search");
    search.addEventListener("input", () => this.search(search.value));
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.nextMatch(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") {
        search.value = "";
        this.search("");
        search.blur();
      }
    });

    const keys = {
      ArrowRight: (event) => (event.shiftKey ? actions["next-node"]() : actions.next()),
      ArrowLeft: (event) => (event.shiftKey ? actions["back-node"]() : actions.back()),
      Home: actions.first, End: actions.last, " ": actions.play,
      "/": () => { search.focus(); search.select(); },
      f: actions.fit, 0: actions.reset, b: actions.break, "?": actions.help,
      "+": actions.in, "-": actions.out,
      Escape: () => this.select(null),
    };
    document.addEventListener("keydown", (event) => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || !this.scene) return;
      if (find("dialog[open]") || target.matches("input[type=search], select")) return;
      if (target.matches("[data-part=epoch]")) return;
      if (key === " " && target.matches("button, summary")) return;
      if (key === "Enter" && target.closest?.("g.node")) {
        this.select(Number(target.closest("g.node").id.slice(1)));
        return;
      }
      const action = keys[key];
      if (!action) return;
      event.preventDefault();
      action(event);
    });

    const dialog = this.part("keys");
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

    this.part("rows").addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row) return;
      this.select(Number(row.dataset.id));
      this.scene.reveal([this.selected]);
    });

    this.wireGraph(this.part("graph"));
    calm.addEventListener("change", () => calm.matches && this.isPlaying && this.pause());
    let before = null;
    new ResizeObserver(() => {
      if (!this.scene) return;
      const { x, y, scale } = this.scene.view;
      this.scene.measure();
      const size = `${this.scene.width}x${this.scene.height}`;
      if (before !== null && size !== before) this.scene.look(x, y, scale);
      before = size;
    }).observe(this.part("graph"));
  }

  wireGraph(host) {
    const boxAt = (event) => {
      const element = event.target.closest?.("g.node");
      return element && /^n\d+$/.test(element.id) ? Number(element.id.slice(1)) : null;
    };
    const hover = (event) => {
      const id = boxAt(event);
      if (id === this.hovered) return;
      this.hovered = id;
      this.describe();
    };
    host.addEventListener("pointerover", hover);
    host.addEventListener("pointerleave", () => { this.hovered = null; this.describe(); });
    host.addEventListener("focusin", hover);
    host.addEventListener("focusout", () => { this.hovered = null; this.describe(); });

    const pointers = new Map();
    let travelled = 0;
    host.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      pointers.set(event.pointerId, event);
      travelled = 0;
    });
    host.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      pointers.set(event.pointerId, event);
      const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
      travelled += Math.abs(dx) + Math.abs(dy);
      if (travelled < 4) return;
      if (!host.hasPointerCapture(event.pointerId)) host.setPointerCapture(event.pointerId);
      cancelAnimationFrame(this.scene.moving);
      const { x, y, scale } = this.scene.view;
      if (pointers.size === 2) {
        const [other] = [...pointers.values()].filter((p) => p.pointerId !== event.pointerId);
        const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
        this.scene.zoom(apart(event) / Math.max(1, apart(before)), other.clientX, other.clientY);
      } else {
        this.scene.look(x - dx / scale, y - dy / scale, scale);
      }
    });
    const release = (event) => pointers.delete(event.pointerId);
    host.addEventListener("pointerup", (event) => {
      release(event);
      if (travelled < 4) this.select(boxAt(event));
    });
    host.addEventListener("pointercancel", release);
    host.addEventListener("wheel", (event) => {
      const isFramed = window.parent !== window;
      if (isFramed && !event.ctrlKey && !event.metaKey) return; // the host page scrolls
      event.preventDefault();
      this.scene.zoom(Math.exp(-clamp(event.deltaY, -60, 60) / 240), event.clientX, event.clientY);
    }, { passive: false });
  }
}
