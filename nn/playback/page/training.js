// The training page: epochs, points and the plane beside a player that runs the graph itself.

class Training {
  constructor(data) {
    Object.assign(this, data);
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    this.weights = new Float64Array(bytes(data.weights).buffer);
    this.loss = data.loss.map(number);
    this.validation = data.validation.map(number);
    if (this.plane) this.plane.cells = bytes(this.plane.cells);
    for (const point of this.points) point.own = point.own.map(number);
    for (const graph of this.graphs) graph.fixed = graph.fixed.map(([i, x]) => [i, number(x)]);
    this.scenes = [];
    this.epoch = 0;
    this.point = null;
    this.player = new Player(document.body, () => this.remember());
    publish(this.player);
    this.part = this.player.part;
    this.drawPoints();
    this.drawCurve();
    this.drawNetwork();
    this.wire();
    this.read();
  }

  // One pass: stored, or computed by the rules.
  run(point, epoch) {
    const { graph: index, own } = this.points[point];
    if (this.runs) {
      const { data, local } = this.runs[point][epoch];
      return { data: data.map(number), local: local.map((row) => row.map(number)) };
    }
    const graph = this.graphs[index];
    const leaves = new Array(graph.inputs.length).fill(0);
    const offset = epoch * this.parameters;
    for (const [node, x] of graph.fixed) leaves[node] = x;
    for (const [node, i] of graph.parameters) leaves[node] = this.weights[offset + i];
    graph.own.forEach((node, i) => { leaves[node] = own[i]; });
    return compute(graph, settled(graph, leaves));
  }

  choose(point) {
    if (this.points[point]?.graph == null) return;
    this.point = point;
    this.view("graph");
  }

  // A unit's scalar nodes, for the chosen point or the first.
  open(label) {
    this.point ??= this.firstPoint();
    if (this.point === null) return;
    this.view("graph");
    showNode(this.player, label);
  }

  firstPoint() {
    const point = this.points.findIndex((p) => p.graph !== null);
    return point < 0 ? null : point;
  }

  // The whole network, or the graph of one point.
  view(name) {
    const isGraph = name === "graph" || !this.network;
    document.body.dataset.view = isGraph ? "graph" : "network";
    this.player.isHidden = !isGraph;
    for (const [which, is] of [["network", !isGraph], ["graph", isGraph]]) {
      this.part(`view-${which}`).setAttribute("aria-pressed", String(is));
    }
    if (isGraph) this.point ??= this.firstPoint();
    this.show();
  }

  // What the network's picture asks of a page that trains.
  drawNetwork() {
    const diagram = document.getElementById("diagram");
    document.body.classList.toggle("no-network", !diagram);
    if (!diagram) return;
    const { names, layers, places, plane } = this;
    this.data = { layers };
    this.outputs = layers[layers.length - 1].size;
    this.trainer = { names, theta: this.weights, grad: this.weights, X: this.points.map((point) => point.x) };
    this.scale = new Scale(plane ?? { kind: "numbers", center: 0, spread: 1 });
    this.forward = new Forward({ places: { units: places }, widths: [this.points[0].x.length], outputs: this.outputs },
      PROGRAMS.units, this.trainer);
    this.grid = plane ? new Grid(plane.low, plane.high) : null;
    this.network = new Network(this, this.part("net"), diagram.content.querySelector("svg"));
  }

  get chosen() { return this.point ?? 0; }

  tell(text) { this.part("told").textContent = text; }

  paint() {
    if (!this.network || document.body.dataset.view === "graph") return;
    const { grid, forward, points } = this, offset = this.epoch * this.parameters;
    this.trainer.theta = this.weights.subarray(offset, offset + this.parameters);
    this.network.paint(grid ? forward.run(grid.columns, grid.count) : forward.of([points[this.chosen].x]), grid);
  }

  show(step) {
    const epoch = this.epochs[this.epoch];
    this.part("epoch").value = this.epoch;
    this.part("epoch").setAttribute("aria-valuetext", `epoch ${epoch}`);
    this.part("epoch-number").textContent = epoch.toLocaleString("en");
    const at = (curve) => curve[epoch - 1];
    const texts = [];
    if (at(this.loss) !== undefined) texts.push(`loss ${short(at(this.loss))}`);
    if (at(this.validation) !== undefined) texts.push(`validation ${short(at(this.validation))}`);
    this.part("epoch-loss").textContent = texts.join(" · ");
    this.paintPlane();
    this.moveCurve();
    for (const [i, element] of this.marks.entries()) {
      element.classList.toggle("chosen", i === this.point);
      element.classList.toggle("selected", i === this.point);
      element.setAttribute("aria-pressed", String(i === this.point));
    }
    this.paint();
    if (this.point === null) return this.remember();
    const index = this.points[this.point].graph;
    const svg = this.scenes[index] ??=
      document.getElementById(`graph-${index}`).content.querySelector("svg");
    const { data, local } = this.run(this.point, this.epoch);
    this.player.load(svg, this.graphs[index], data, local);
    if (step !== undefined) this.player.seek(step);
    this.about(this.point);
    return this.remember();
  }

  // What a point is, and what the model makes of it at this epoch.
  about(i) {
    const host = this.part("about");
    const point = this.points[i];
    if (!point) {
      host.textContent = "Click a point: its graph opens beside.";
      return;
    }
    const list = (xs) => [].concat(xs).map((x) => short(number(x))).join(", ");
    let text = `point ${point.number}: x = (${list(point.x)}), y = ${list(point.target)}`;
    if (point.graph !== null) {
      const { data } = this.run(i, this.epoch);
      const { outputs } = this.graphs[point.graph];
      text += `\noutput ${list(outputs.map((node) => data[node]))}, loss ${short(data[data.length - 1])}`;
    }
    host.textContent = text;
  }

  color(byte) {
    if (this.plane?.kind === "classes") return CLASSES[byte % CLASSES.length];
    return mix(byte / 255);
  }

  drawPoints() {
    const host = this.part("map");
    if (!this.plane) {
      host.classList.add("list");
      const table = make("table"), body = make("tbody"), head = make("thead"), row = make("tr");
      row.append(make("th", "", "point"), make("th", "", "target"));
      head.append(row);
      this.marks = this.points.map((point, i) => {
        const line = make("tr");
        line.tabIndex = 0;
        line.append(make("th", "", `${point.number}`),
          make("td", "", [].concat(point.target).map((x) => short(number(x))).join(", ")));
        line.dataset.point = i;
        body.append(line);
        return line;
      });
      table.append(head, body);
      host.append(table);
      return;
    }
    const { low, high, size } = this.plane;
    this.canvas = make("canvas");
    this.canvas.width = this.canvas.height = size;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "What the model says about the plane of its two inputs");
    const svg = makeSvg("svg");
    svg.setAttribute("viewBox", "0 0 100 100");
    const radius = this.points.length > 120 ? 1.3 : 1.9;
    this.marks = this.points.map((point, i) => {
      const circle = makeSvg("circle");
      circle.setAttribute("cx", (100 * (point.x[0] - low[0])) / (high[0] - low[0]));
      circle.setAttribute("cy", (100 * (high[1] - point.x[1])) / (high[1] - low[1]));
      circle.setAttribute("r", radius);
      const [r, g, b] = this.color(this.plane.points[i]);
      circle.setAttribute("fill", `rgb(${r} ${g} ${b})`);
      circle.setAttribute("tabindex", point.graph === null ? -1 : 0);
      circle.setAttribute("role", "button");
      circle.setAttribute("aria-label", `point ${point.number}, target ${point.target}`);
      if (point.graph === null) circle.setAttribute("class", "closed");
      circle.dataset.point = i;
      svg.append(circle);
      return circle;
    });
    host.append(this.canvas, svg);
  }

  // A byte a cell: its color, the stronger the surer.
  paintPlane() {
    if (!this.plane) return;
    const { size, cells, kind } = this.plane;
    const image = new ImageData(size, size);
    const offset = this.epoch * size * size;
    for (let i = 0; i < size * size; i += 1) {
      const byte = cells[offset + i];
      const sure = kind === "classes" ? 0.55 : 0.12 + 0.6 * Math.abs(byte - 128) / 127;
      image.data.set([...this.color(kind === "sides" ? (byte < 128 ? 0 : 255) : byte), 255 * sure], 4 * i);
    }
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  drawCurve() {
    const host = this.part("curve");
    const known = [...this.loss, ...this.validation].filter(Number.isFinite);
    if (!known.length) {
      host.hidden = true;
      return;
    }
    const least = Math.min(...known), most = Math.max(...known);
    this.logarithmic = least > 0 && most / least > 20;
    const level = (y) => (this.logarithmic ? Math.log(y) : y);
    const [low, high] = [level(least), level(most)];
    const count = this.loss.length;
    this.curveX = (epoch) => (count < 2 ? 150 : (300 * (epoch - 1)) / (count - 1));
    const curveY = (y) => 12 + 96 * (high > low ? 1 - (level(y) - low) / (high - low) : 0.5);
    const svg = makeSvg("svg");
    svg.setAttribute("viewBox", "0 0 300 130");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Loss over ${count} epochs, from ${short(this.loss[0])} to ${short(this.loss[count - 1])}`);
    const add = (tag, attributes, text = "") => {
      const element = makeSvg(tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      element.textContent = text;
      svg.append(element);
      return element;
    };
    for (const y of [12, 108]) add("line", { x1: 0, x2: 300, y1: y, y2: y });
    const path = (curve, kind) => {
      const stride = Math.max(1, Math.floor(curve.length / 1500));
      let pen = "M", d = "";
      curve.forEach((y, i) => {
        if (i % stride && i !== curve.length - 1) return;
        if (!Number.isFinite(y)) { pen = "M"; return; }
        d += `${pen}${this.curveX(i + 1).toFixed(1)},${curveY(y).toFixed(1)}`;
        pen = "L";
      });
      add("path", { d, class: kind });
    };
    if (this.validation.length) path(this.validation, "validation");
    path(this.loss, "train");
    add("text", { x: 0, y: 9 }, short(most));
    add("text", { x: 0, y: 121 }, short(least) + (this.logarithmic ? "  log scale" : ""));
    const end = { x: 300, "text-anchor": "end" };
    add("text", { ...end, y: 121, class: "train" }, "training loss");
    if (this.validation.length) add("text", { ...end, y: 9, class: "validation" }, "validation loss");
    this.now = add("line", { class: "now", y1: 8, y2: 112 });
    host.append(svg);
  }

  moveCurve() {
    if (!this.now) return;
    const x = this.curveX(this.epochs[this.epoch]);
    this.now.setAttribute("x1", x);
    this.now.setAttribute("x2", x);
  }

  seek(epoch) {
    this.epoch = clamp(Math.round(epoch), 0, this.epochs.length - 1);
    this.show();
  }

  nearest(epoch) {
    let best = 0;
    this.epochs.forEach((x, i) => {
      if (Math.abs(x - epoch) < Math.abs(this.epochs[best] - epoch)) best = i;
    });
    return best;
  }

  play() {
    if (this.timer) return this.pause();
    if (this.epoch === this.epochs.length - 1) this.seek(0);
    this.timer = setInterval(() => {
      this.seek(this.epoch + 1);
      if (this.epoch === this.epochs.length - 1) this.pause();
    }, 160);
    this.part("epoch-play").dataset.playing = true;
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.part("epoch-play").dataset.playing = false;
  }

  wire() {
    const slider = this.part("epoch");
    slider.max = this.epochs.length - 1;
    slider.addEventListener("input", () => { this.pause(); this.seek(Number(slider.value)); });
    this.part("epoch-play").addEventListener("click", () => this.play());
    const map = this.part("map");
    const pointOf = (event) => {
      const element = event.target.closest?.("[data-point]");
      return element ? Number(element.dataset.point) : null;
    };
    map.addEventListener("click", (event) => {
      const point = pointOf(event);
      if (point !== null) this.choose(point);
    });
    map.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && pointOf(event) !== null) this.choose(pointOf(event));
    });
    map.addEventListener("pointerover", (event) => this.about(pointOf(event) ?? this.point));
    map.addEventListener("focusin", (event) => this.about(pointOf(event) ?? this.point));
    map.addEventListener("pointerleave", () => this.about(this.point));
    this.part("curve").addEventListener("click", (event) => {
      const { left, width } = this.part("curve").getBoundingClientRect();
      const share = clamp((event.clientX - left) / width, 0, 1);
      this.pause();
      this.seek(this.nearest(1 + share * (this.loss.length - 1)));
    });
    for (const which of ["network", "graph"]) this.part(`view-${which}`).addEventListener("click", () => this.view(which));
    const keys = { v: () => this.view(document.body.dataset.view === "graph" ? "network" : "graph"), e: () => this.play(), "[": () => this.seek(this.epoch - 1), "]": () => this.seek(this.epoch + 1) };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
      if (event.target.matches("input[type=search], select")) return;
      keys[event.key]?.();
    });
    for (const [key, text] of [["[ ]", "one epoch back, on"], ["e", "play the epochs"], ["v", "network, or one point"]]) {
      const term = make("dt");
      term.append(make("kbd", "", key));
      find("dialog dl").append(term, make("dd", "", text));
    }
    calm.addEventListener("change", () => calm.matches && this.timer && this.pause());
    addEventListener("hashchange", () => this.read());
  }

  // The address: #epoch=40&point=7&step=12

  read() {
    const fields = address();
    const wanted = Number(fields.get("epoch"));
    this.epoch = wanted > 0 ? this.nearest(wanted) : 0;
    const number = fields.has("point") ? Number(fields.get("point")) : NaN;
    const point = this.points.findIndex((p) => p.number === number && p.graph !== null);
    this.point = point < 0 ? null : point;
    this.view(point < 0 ? "network" : "graph");
    this.show(Number(fields.get("step")) || 0);
  }

  remember() {
    if (!this.marks) return;
    const fields = { epoch: this.epochs[this.epoch] };
    if (this.point !== null && document.body.dataset.view === "graph") {
      fields.point = this.points[this.point].number;
      fields.step = this.player.position;
    }
    writeAddress(fields);
  }
}

const training = new Training(readJson("training"));
