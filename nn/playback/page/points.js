// The examples as points: in the plane of two inputs, or over one input beside the output.
class Points {
  constructor(page, host) {
    this.page = page;
    this.host = host;
    this.isCurve = page.width === 1;
    this.range = [0, 1]; // of the outputs beside one input
    this.image = null;
    this.fine = this.coarse = new Grid(page.data.low, page.data.high);
    this.canvas = make("canvas");
    this.canvas.setAttribute("role", "img");
    this.svg = makeSvg("svg", { viewBox: "0 0 100 100", role: "group", "aria-label": "The examples" });
    this.svg.append(makeSvg("g", { class: "lines" }), makeSvg("g", { class: "marks" }));
    this.fit();
    const [across, up] = this.isCurve ? ["x →", "↑ y"] : ["x1 →", "↑ x2"];
    host.append(this.canvas, this.svg, make("span", "axis across", across), make("span", "axis up", up));
    this.wire();
  }

  // The window of the plane: wide enough for every point.
  fit() {
    const { trainer, data } = this.page;
    const [low, high] = [[...data.low], [...data.high]];
    for (const i of low.keys()) {
      const column = trainer.X.map((x) => x[i]), [least, most] = [Math.min(...column), Math.max(...column)];
      const margin = 0.12 * (most - least);
      if (least < low[i]) low[i] = least - margin;
      if (most > high[i]) high[i] = most + margin;
    }
    [this.fine, this.coarse] = [40, 24].map((size) => new Grid(low, high, size));
    if (!this.isCurve) return;
    const levels = trainer.Y.flat(), margin = 0.15 * (Math.max(...levels) - Math.min(...levels)) || 1;
    this.range = [Math.min(...levels) - margin, Math.max(...levels) + margin];
  }

  // While it trains a coarser picture does.
  get grid() { return this.page.training.isPlaying && !this.isCurve ? this.coarse : this.fine; }

  across(x) { return (100 * (x - this.grid.low[0])) / (this.grid.high[0] - this.grid.low[0]); }

  up(y) {
    const [low, high] = this.isCurve ? this.range : [this.grid.low[1], this.grid.high[1]];
    return (100 * (high - y)) / (high - low);
  }

  /**
   * The numbers at a place of the window.
   * @returns {any}
   */
  at(event) {
    const { left, top, width, height } = this.svg.getBoundingClientRect();
    const [low, high] = this.isCurve ? this.range : [this.grid.low[1], this.grid.high[1]];
    const s = clamp((event.clientX - left) / width, 0, 1), t = clamp((event.clientY - top) / height, 0, 1);
    return [this.grid.low[0] + s * (this.grid.high[0] - this.grid.low[0]), high - t * (high - low)]
      .map((x) => Number(x.toPrecision(6)));
  }

  mark() {
    const { trainer, chosen, scale } = this.page;
    const marks = find(".marks", this.svg), radius = trainer.count > 120 ? 1.4 : 2;
    while (marks.children.length > trainer.count) marks.lastChild.remove();
    while (marks.children.length < trainer.count) {
      marks.append(makeSvg("circle", { role: "button", "data-point": marks.children.length }));
    }
    trainer.X.forEach((x, i) => {
      const circle = marks.children[i], y = trainer.Y[i];
      circle.setAttribute("cx", this.across(x[0]));
      circle.setAttribute("cy", this.up(this.isCurve ? y[0] : x[1]));
      circle.setAttribute("r", radius);
      circle.setAttribute("fill", css(scale.ofTarget(y)));
      circle.setAttribute("class", i === chosen ? "chosen" : "");
      circle.setAttribute("tabindex", i === chosen ? 0 : -1); // one stop of Tab for all of them
      circle.setAttribute("aria-pressed", String(i === chosen));
      circle.setAttribute("aria-label", `point ${i}: x = ${x.map(short).join(", ")}, target ${y.map(short).join(", ")}`);
    });
  }

  // What the outputs are over the window. `units` are all units' rows over the grid.
  paint(units) {
    const { count, size } = this.grid, { outputs, scale } = this.page;
    const first = units.length / count - outputs;
    if (this.isCurve) return this.paintCurve(units, first);
    if (this.canvas.width !== size) this.canvas.width = this.canvas.height = size;
    const image = this.image = imageOf(this.image, size);
    scale.paintAll(units, first, count, outputs, new Uint32Array(image.data.buffer));
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    this.canvas.setAttribute("aria-label", "What the model says about the plane of its two inputs");
    return undefined;
  }

  paintCurve(units, first) {
    const { count, columns } = this.grid, { outputs } = this.page, lines = find(".lines", this.svg);
    while (lines.children.length < outputs) lines.append(makeSvg("path"));
    for (let k = 0; k < outputs; k += 1) {
      let d = "";
      for (let b = 0; b < count; b += 1) {
        const y = clamp(this.up(units[(first + k) * count + b]), -200, 300);
        if (Number.isFinite(y)) d += `${d ? "L" : "M"}${this.across(columns[b]).toFixed(2)},${y.toFixed(2)}`;
      }
      lines.children[k].setAttribute("d", d);
    }
    this.canvas.setAttribute("aria-label", "What the model says along its input");
  }

  /**
   * Move a point; over one input its target moves too, if targets are any numbers.
   * @param {number} i
   * @param {any} place
   */
  move(i, [x, y]) {
    const { trainer, scale } = this.page;
    if (!this.isCurve) this.page.examples.set(i, [x, y], trainer.Y[i]);
    else this.page.examples.set(i, [x], scale.kind === "numbers" ? [y, ...trainer.Y[i].slice(1)] : trainer.Y[i]);
  }

  wire() {
    const { svg, page } = this;
    takeFingers(svg);
    /** @type {number | null} */
    let dragged = null;
    /** @type {any} */
    let from = null;
    let isMoved = false;
    const pointOf = (event) => {
      const element = event.target.closest?.("[data-point]");
      return element ? Number(element.dataset.point) : null;
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      [dragged, from, isMoved] = [pointOf(event), event, false];
      svg.setPointerCapture(event.pointerId);
      if (dragged !== null) {
        page.choose(dragged);
        event.target.focus({ preventScroll: true });
      }
    });
    svg.addEventListener("pointermove", (event) => {
      if (!from || dragged === null || page.isFrozen) return;
      isMoved ||= Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > 3;
      if (isMoved) this.move(dragged, this.at(event));
    });
    svg.addEventListener("pointerup", (event) => {
      if (from && dragged === null && !page.isFrozen) page.examples.add(this.at(event));
      if (from && dragged !== null && !isMoved) page.pick(dragged);
      from = null;
    });
    svg.addEventListener("pointercancel", () => { from = null; });
    svg.addEventListener("keydown", (event) => {
      const i = pointOf(event);
      if (i === null) return;
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
      if ((dx || dy) && !page.isFrozen) {
        const share = event.shiftKey ? 0.1 : 0.02, { low, high } = this.grid, { trainer } = page;
        const [bottom, top] = this.isCurve ? this.range : [low[1], high[1]];
        const y = this.isCurve ? trainer.Y[i][0] : trainer.X[i][1];
        this.move(i, [trainer.X[i][0] + dx * share * (high[0] - low[0]), y + dy * share * (top - bottom)]
          .map((x) => Number(x.toPrecision(6))));
      } else if ((event.key === "Delete" || event.key === "Backspace") && !page.isFrozen) page.examples.remove(i);
      else if (event.key === "Enter") page.pick(i);
      else if (event.key === "," || event.key === ".") {
        const { count } = page.trainer, next = (i + (event.key === "." ? 1 : count - 1)) % count;
        page.choose(next);
        find(`[data-point="${next}"]`, svg).focus({ preventScroll: true });
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

// Examples that are not in a plane: what the model makes of each, the worst first by eye.
class List {
  constructor(page, host) {
    this.page = page;
    host.classList.add("list");
    const table = make("table"), head = make("thead"), names = make("tr");
    names.append(...["example", "target", "output"].map((name) => make("th", "", name)));
    head.append(names);
    this.body = make("tbody");
    table.append(head, this.body);
    host.append(table);
    host.tabIndex = 0;
    this.body.addEventListener("click", (event) => this.take(event));
    this.body.addEventListener("keydown", (event) => {
      const row = event.target.closest("tr");
      const next = { ArrowDown: row?.nextSibling, ArrowUp: row?.previousSibling }[event.key];
      if (event.key === "Enter") this.take(event);
      if (!next) return;
      next.focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  take(event) {
    const row = event.target.closest("tr");
    if (row) this.page.pick(Number(row.dataset.point));
  }

  get grid() { return undefined; }

  fit() { return undefined; }

  mark() {
    const { trainer, chosen } = this.page, { body } = this;
    const shown = Math.min(trainer.count, 300);
    while (body.children.length > shown) body.lastChild.remove();
    while (body.children.length < shown) {
      const row = make("tr");
      row.dataset.point = body.children.length;
      row.append(make("th", "", String(body.children.length)), make("td"), make("td"));
      body.append(row);
    }
    for (let i = 0; i < shown; i += 1) {
      const row = body.children[i];
      row.classList.toggle("selected", i === chosen);
      row.tabIndex = i === chosen ? 0 : -1;
      row.cells[1].textContent = this.page.examples.targetText(trainer.Y[i]);
    }
  }

  paint() {
    const { trainer, forward, scale } = this.page, shown = this.body.children.length;
    const outputs = forward.outputsOf(trainer.X.slice(0, shown));
    outputs.forEach((found, i) => {
      const cell = this.body.children[i].cells[2];
      cell.textContent = scale.isOfClasses && found.length > 2 ? `class ${largest(found)}` : found.map(short).join(", ");
      cell.classList.toggle("wrong", scale.isRight(found, trainer.Y[i]) === false);
    });
  }
}
