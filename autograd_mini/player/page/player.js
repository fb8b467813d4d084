// The player: a pass on a scene, with its panels. `root` holds one page's worth of elements.
class Player {
  constructor(root, remember) {
    this.root = root;
    this.remember = remember;
    this.position = 0;
    this.selected = null;
    this.hovered = null;
    this.isAskingWhy = false;
    this.isHidden = false; // then its keys are another view's
    this.notify = (text) => { this.part("hint").textContent = text; };
    this.breakpoints = new Set();
    /** @type {Map<number, number>} */
    this.gradient = new Map();
    /** @type {any[]} */
    this.marked = [];
    /** @type {any} */
    this.scene = null;
    /** @type {any} */
    this.graph = null;
    /** @type {any} */
    this.pass = null;
    this.timer = undefined;
    /** @type {(() => void) | undefined} */
    this.onresize = undefined; // what a page does when its window gets a size
    /** @type {number[]} */
    this.first = [];
    const parts = new Map();
    for (const element of root.querySelectorAll("[data-part]")) parts.set(element.dataset.part, element);
    this.part = (name) => parts.get(name);
    this.edits = new Edits(this);
    this.compare = new Compare(this);
    this.table = new Table(this);
    this.quiz = new Quiz(this);
    wireControls(this);
    wireGraph(this, this.part("graph"));
  }

  get rows() { return this.table.rows; }

  // Take a graph and one pass over it. A pass over the graph already shown keeps the position.
  load(svg, graph, data, local) {
    const isNew = this.graph !== graph, isOther = this.scene?.svg !== svg;
    this.graph = graph;
    this.edits.load(graph, data, local, isNew);
    if (isOther) {
      this.part("graph").replaceChildren(svg);
      this.part("graph").classList.add("playing-field");
      this.scene = svg.scene ??= new Scene(svg, this.part("graph"));
      this.hovered = null;
    }
    if (isNew) {
      this.selected = null;
      this.compare.pinned = null;
      this.breakpoints.clear();
    }
    this.setPass(this.edits.run());
    this.first = new Array(graph.inputs.length).fill(0);
    this.pass.frames.forEach((frame, position) => {
      if (frame.kind === "forward") this.first[frame.node] = position;
    });
    if (isOther || isNew) {
      this.table.load();
      for (const id of this.scene.boxes.keys()) {
        this.scene.boxes.get(id).element.classList.toggle("leaf", this.edits.isField(id));
      }
      this.scene.camera.measure();
      this.open();
    }
    this.slider.max = this.pass.last;
    this.root.style.setProperty("--turn", this.pass.seedFrame / this.pass.last);
    this.restart(isNew ? 0 : clamp(this.position, 0, this.pass.last));
  }

  setPass({ data, local }) {
    this.pass = new Pass(this.graph, data, local, (id) => this.scene.boxes.has(id));
  }

  recordedPass() {
    const { data, local } = this.edits.recorded;
    return new Pass(this.graph, data, local, () => true);
  }

  // The numbers of leaves have changed: the same step of the pass over the new ones.
  recompute() {
    this.setPass(this.edits.run());
    this.restart(this.position, false);
  }

  open() {
    this.scene.camera.open(this.scene.boxes.get(this.graph.inputs.length - 1));
  }

  // Show a position from nothing: every box and row is written.
  restart(position, isRevealed = true) {
    this.gradient = new Map();
    this.position = 0;
    while (this.position < position) {
      this.position += 1;
      this.apply(this.pass.frames[this.position], new Set());
    }
    for (const id of this.scene.boxes.keys()) this.paint(id);
    this.show(isRevealed);
  }

  get slider() { return this.part("slider"); }

  seek(target) {
    const position = Number.isNaN(target) ? 0 : clamp(Math.round(target), 0, this.pass.last);
    if (position === this.position) return;
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

  // The data of a node as of this step; undefined before it is computed, or where it cannot be.
  dataOf(id) { return this.isComputed(id) ? this.pass.data[id] : undefined; }

  // Its gradient as of this step; undefined before it gets one, or where the graph cannot be computed.
  gradientOf(id) { return this.edits.problems.size ? undefined : this.gradient.get(id); }

  paint(id) {
    const box = this.scene.boxes.get(id);
    if (!box) return;
    const data = this.dataOf(id);
    const isHidden = this.quiz.hides(id);
    const gradient = isHidden ? undefined : this.gradientOf(id);
    const texts = {
      data: data === undefined ? "–" : short(data),
      grad: isHidden ? "?" : gradient === undefined ? "–" : short(gradient),
    };
    for (const kind of ["data", "grad"]) this.scene.write(id, kind, texts[kind]);
    box.element.classList.toggle("waiting", data === undefined);
    box.element.classList.toggle("edited", this.edits.changed.has(id));
    const [problem] = (this.isComputed(id) && this.edits.problems.get(id)?.split(", and ")) || [""];
    this.scene.note(id, "outside", problem);
    this.scene.tint(id, gradient, this.pass.scale);
    this.compare.mark(id);
    this.scene.speak(id, this.edits.isField(id) ? "a leaf: up and down change it" : "");
    const row = this.rows.get(id);
    if (row) {
      row.cells[1].textContent = texts.data;
      row.cells[2].textContent = texts.grad;
      row.dataset.sign = { 1: "up", "-1": "down" }[Math.sign(gradient ?? 0)] ?? "";
    }
  }

  // Everything around the boxes: highlights, sentence, slider, address. The camera follows a step, and stays
  // where a number is changed.
  show(isRevealed = true) {
    const { pass, scene, position } = this;
    const frame = pass.frames[position];
    for (const element of this.marked) element.classList.remove("node-active", "parent-active");
    this.marked = [];
    const mark = (id, name) => {
      const element = scene.boxes.get(id)?.element;
      if (element) {
        element.classList.add(name);
        this.marked.push(element);
      }
    };
    const { node, parent, argument } = frame;
    if (frame.kind === "backward") {
      mark(node, "node-active");
      mark(parent, "parent-active");
      scene.highlight([`e${node}_${argument}`], "backward", this.edits.problems.size || this.quiz.isOn ? ""
        : `${short(frame.local)} · ${short(frame.upstream)} = ${short(frame.contribution)}`);
      if (isRevealed) scene.reveal([parent, node]);
    } else if (frame.kind === "forward") {
      mark(node, "parent-active");
      scene.highlight(this.graph.inputs[node].map((_, i) => `e${node}_${i}`), "forward");
      if (isRevealed) scene.reveal([node, ...this.graph.inputs[node]]);
    } else {
      mark(node, "parent-active");
      scene.highlight([], "forward");
      if (node >= 0 && isRevealed) scene.reveal([node]);
    }
    this.tell(frame);
    this.edits.effect();
    this.compare.tell();
    this.describe();
    this.remember?.();
  }

  tell(frame) {
    const { pass, position } = this;
    const count = { start: "Start", seed: "Seed",
      forward: `Forward ${frame.index + 1} of ${pass.operations}`,
      backward: `Backward ${frame.index + 1} of ${pass.total}` }[frame.kind];
    this.root.dataset.phase = frame.kind;
    this.part("phase").textContent = count;
    const sentence = this.part("sentence");
    const [problem] = this.edits.problems.values();
    const isTellable = !problem || (frame.kind === "forward" && pass.data[frame.node] !== undefined)
      || frame.kind === "start";
    if (this.quiz.isOn) sentence.replaceChildren(make("span", "", "Gradients are hidden: answer beside."));
    else if (isTellable) {
      sentence.replaceChildren(...pass.parts(position).map(([kind, what]) =>
        (typeof what === "number" ? numeral(what, kind) : make("span", kind, what))));
    } else sentence.replaceChildren(make("span", "stop", `It stops here: ${problem}`));
    this.slider.value = position;
    this.slider.setAttribute("aria-valuetext", `${count}: ${sentence.textContent}`);
    this.part("count").textContent = `${position} / ${pass.last}`;
    for (const name of ["first", "back-node", "back"]) this.part(name).disabled = position === 0;
    for (const name of ["next", "next-node", "last"]) {
      this.part(name).disabled = position === pass.last;
    }
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
    this.remember?.();
  }

  get shown() {
    const frame = this.pass.frames[this.position];
    return this.hovered ?? this.selected ?? (frame.parent >= 0 ? frame.parent : frame.node);
  }

  describe() {
    const id = this.shown;
    const host = this.part("node");
    const isTyping = document.activeElement?.getAttribute("data-part") === "field";
    if (isTyping && this.hovered !== null && this.hovered !== this.selected) return;
    this.part("break").setAttribute("aria-pressed", String(this.breakpoints.has(this.selected)));
    this.part("why").setAttribute("aria-pressed", String(this.isAskingWhy));
    this.part("hint").textContent = "";
    if (id < 0) {
      host.replaceChildren(make("p", "quiet", "Point at a node, or click it to keep it here."));
      return;
    }
    host.replaceChildren(...describeNode(this, id));
    if (isTyping) find("[data-part=field]", host)?.focus();
  }

  toggleBreakpoint() {
    const id = this.selected;
    if (id === null) {
      this.part("hint").textContent = "Select a node first: click it, or press / and search.";
      return;
    }
    if (!this.breakpoints.delete(id)) this.breakpoints.add(id);
    const { element, x, y } = this.scene.boxes.get(id);
    element.querySelector(".breakpoint")?.remove();
    if (this.breakpoints.has(id)) {
      element.append(makeSvg("circle", { class: "breakpoint", cx: x + 2, cy: y + 2, r: 6 }));
    }
    this.rows.get(id)?.classList.toggle("stopping", this.breakpoints.has(id));
    this.describe();
  }

  // The state as fields of the address: step, edits, selection, camera, what is pinned.

  fields() {
    const fields = { step: this.position };
    for (const [id, x] of this.edits.changed) fields[`n${id}`] = repr(x);
    if (this.selected !== null) fields.select = `n${this.selected}`;
    if (!this.scene.camera.isOn) fields.camera = "off";
    if (this.compare.pinned) fields.pin = this.compare.pinned.state;
    return fields;
  }

  state() { return "#" + new URLSearchParams(/** @type {any} */ (this.fields())); }

  // Bring back a state. What the address does not name is as at the start.
  restore(fields) {
    const idOf = (text) => {
      const id = /^n\d+$/.test(text ?? "") ? Number(text.slice(1)) : -1;
      return id >= 0 && id < this.graph.inputs.length ? id : null;
    };
    this.compare.pinned = null;
    if (fields.get("pin") !== null) {
      const pinned = new URLSearchParams(fields.get("pin"));
      pinned.delete("pin");
      this.restore(pinned);
      this.compare.toggle();
    }
    this.edits.changed.clear();
    for (const [key, text] of fields) {
      const id = idOf(key), x = Number(text);
      if (id !== null && this.edits.isField(id) && Number.isFinite(x)) this.edits.changed.set(id, x);
    }
    this.follow(fields.get("camera") !== "off");
    const selected = idOf(fields.get("select"));
    const step = Number(fields.get("step")) || 0;
    this.setPass(this.edits.run());
    this.restart(clamp(Math.round(step), 0, this.pass.last));
    this.select(selected !== null && this.scene.boxes.has(selected) ? selected : null);
  }

  follow(isOn) {
    this.scene.camera.isOn = isOn;
    this.part("follow").setAttribute("aria-pressed", String(isOn));
  }
}
