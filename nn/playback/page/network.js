// The network as the lecture draws it: each unit shows what it says over the inputs, each line its
// weight, or in a backward pass its gradient.
class Network {
  constructor(page, host, svg) {
    this.page = page;
    this.host = host;
    this.svg = svg;
    this.shows = "weights";
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    for (const legend of svg.querySelectorAll(":scope > path, :scope > path ~ text")) legend.remove(); // its numbers go on
    this.width = this.drawnWidth = width;
    this.height = height;
    this.image = null;
    host.style.setProperty("--ratio", String(width / height));
    this.canvas = make("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.tile = make("canvas");
    host.append(this.canvas, svg);
    svg.setAttribute("role", "group");
    this.lines = this.readLines();
    this.units = this.readUnits();
    this.stretched = this.readPlaces();
    this.units[0].element.setAttribute("tabindex", 0); // one stop of Tab for all: arrows lead on
    this.wire();
  }

  readLines() {
    const place = new Map(this.page.trainer.names.map((name, i) => [name, i]));
    return [...this.svg.querySelectorAll("line")].map((element) => {
      const title = find("title", element), name = title.textContent.split(" = ")[0];
      return { element, title, name, place: place.get(name), step: NaN };
    });
  }

  readUnits() {
    const starts = new Map();
    let row = 0;
    for (const { name, size } of this.page.data.layers) {
      starts.set(name, row);
      row += size;
    }
    return [...this.svg.querySelectorAll("g.unit")].map((element) => {
      const title = find("title", element).textContent, circle = find("circle", element);
      const [name] = title.split(":"), [, input] = title.match(/^input (\d+)$/) ?? [];
      const [, layer, unit] = name.match(/^(.*)\.neurons\.(\d+)$/) ?? [];
      element.setAttribute("tabindex", -1);
      element.setAttribute("role", "button");
      const text = find("text", element).textContent; // what is seen is part of what is heard
      element.setAttribute("aria-label", `${text}, ${title}: opens its numbers for the chosen example`);
      return {
        element, title, name: input === undefined ? name : `x${Number(input) + 1}`,
        x: Number(circle.getAttribute("cx")), y: Number(circle.getAttribute("cy")), r: Number(circle.getAttribute("r")),
        input: input === undefined ? null : Number(input),
        row: layer === undefined ? null : starts.get(layer) + Number(unit),
      };
    });
  }

  // Everything that has a place from left to right, and where it was drawn.
  readPlaces() {
    const reach = this.units[0].r, places = [];
    for (const element of this.svg.querySelectorAll("line, circle, text")) {
      for (const [name, beside] of Object.entries({ x1: reach, x2: -reach, cx: 0, x: 0 })) {
        if (element.hasAttribute(name)) places.push({ element, name, beside, x: Number(element.getAttribute(name)) - beside });
      }
    }
    return places;
  }

  // In a wide window the columns stand further apart.
  stretch(width, height) {
    const factor = clamp((width / height) * (this.height / this.drawnWidth), 1, 1.8);
    if (Math.abs(factor * this.drawnWidth - this.width) < 1) return;
    this.width = factor * this.drawnWidth;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    for (const { element, name, beside, x } of this.stretched) element.setAttribute(name, factor * x + beside);
    for (const unit of this.units) unit.x = Number(find("circle", unit.element).getAttribute("cx"));
  }

  // Another activation of the hidden layers, in captions and in what units are called.
  rename(before, after) {
    for (const text of this.svg.querySelectorAll("text")) {
      if (text.textContent.endsWith(` ${before}`)) text.textContent = text.textContent.replace(before, after);
    }
    for (const unit of this.units) {
      const swap = (text) => text.replace(`: ${before}`, `: ${after}`);
      unit.title = swap(unit.title);
      unit.element.setAttribute("aria-label", swap(unit.element.getAttribute("aria-label")));
      find("title", unit.element).textContent = swap(find("title", unit.element).textContent);
    }
  }

  wire() {
    const unitOf = (event) => this.units.find((unit) => unit.element === event.target.closest?.("g.unit"));
    this.svg.addEventListener("click", (event) => { const unit = unitOf(event); if (unit) this.page.open(unit.name); });
    this.svg.addEventListener("keydown", (event) => {
      const unit = unitOf(event);
      if (unit && event.key === "Enter") this.page.open(unit.name);
      const next = unit && this.beside(unit, event.key);
      if (!next) return;
      unit.element.setAttribute("tabindex", -1);
      next.element.setAttribute("tabindex", 0);
      next.element.focus({ preventScroll: true });
      event.preventDefault();
    });
    const tell = (event) => {
      const line = this.lines.find(({ element }) => element === event.target.closest?.("line")), unit = unitOf(event);
      const { theta, grad } = this.page.trainer;
      if (line?.place !== undefined) {
        line.title.textContent = `${line.name} = ${repr(theta[line.place])}`;
        this.page.tell(`${line.name} = ${six(theta[line.place])}, gradient ${six(grad[line.place])}`);
      } else if (unit) this.page.tell(`${unit.title.replace(/, (b = .*|no bias)$/, "")}. Click: its scalar nodes, for point ${this.page.chosen}`);
    };
    this.svg.addEventListener("pointerover", tell);
    this.svg.addEventListener("focusin", tell);
    new ResizeObserver(() => this.page.paint()).observe(this.host);
  }

  // The unit to which an arrow key leads: the nearest of the column, or of the next one.
  beside(unit, key) {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    const away = ({ x, y }) => 9 * Math.abs(dx ? x - unit.x : y - unit.y) + Math.abs(dx ? y - unit.y : x - unit.x);
    return this.units.filter(({ x, y }) => (dx ? (x - unit.x) * dx > 0 : x === unit.x && (y - unit.y) * dy > 0))
      .reduce((best, other) => (best && away(best) <= away(other) ? best : other), /** @type {any} */ (undefined));
  }

  // Lines by weight or by gradient: the width tells the size, the color the sign.
  paintLines() {
    const { theta, grad } = this.page.trainer, numbers = this.shows === "weights" ? theta : grad;
    let scale = 0;
    for (const { place } of this.lines) scale = Math.max(scale, Math.abs(numbers[place]) || 0);
    this.svg.classList.toggle("gradients", this.shows !== "weights");
    for (const line of this.lines) { // written only where it is seen to change
      const x = numbers[line.place], step = Math.round(40 * (scale ? Math.abs(x) / scale : 0)) * (x < 0 ? -1 : 1);
      if (line.step === step) continue;
      line.step = step;
      const share = Math.abs(step) / 40;
      line.element.setAttribute("class", x > 0 ? "up" : x < 0 ? "down" : "");
      line.element.setAttribute("style", `stroke-width:${(0.3 + 3.4 * share).toFixed(2)};stroke-opacity:${(0.2 + 0.65 * share).toFixed(2)}`);
    }
    this.page.part("strongest").textContent = scale ? `widest line ${short(scale)}`
      : this.shows === "weights" ? "" : "no gradient yet: make an update";
  }

  // `units` are all units' rows over the grid; without a grid the chosen example's numbers.
  paint(units, grid, withLines = true) {
    if (withLines) this.paintLines();
    const width = this.host.clientWidth, height = this.host.clientHeight;
    if (!width) return;
    this.stretch(width, height);
    if (!matchMedia("print").matches) this.host.style.setProperty("--shown", String(width / height)); // paper keeps it
    const ratio = Math.min(devicePixelRatio, 2), { canvas } = this;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    const pen = canvas.getContext("2d");
    const zoom = Math.min(w / this.width, h / this.height);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.setTransform(zoom, 0, 0, zoom, (w - zoom * this.width) / 2, (h - zoom * this.height) / 2);
    pen.imageSmoothingEnabled = true;
    for (const unit of this.units) {
      pen.save();
      pen.beginPath();
      pen.arc(unit.x, unit.y, unit.r, 0, 7);
      pen.clip();
      if (grid) this.paintMap(pen, unit, units, grid);
      else {
        pen.fillStyle = css(mix(0.5 + 0.5 * this.share(unit, units)));
        pen.fillRect(unit.x - unit.r, unit.y - unit.r, 2 * unit.r, 2 * unit.r);
      }
      pen.restore();
    }
  }

  // A unit's number for the chosen example, from -1 to 1 within its layer.
  share(unit, units) {
    const { X } = this.page.trainer, { chosen, data } = this.page;
    if (unit.input !== null) {
      const x = X[chosen][unit.input], reach = Math.max(...X.map((row) => Math.abs(row[unit.input])));
      return reach ? clamp(x / reach, -1, 1) : 0;
    }
    let first = 0, layer = 0;
    while (unit.row >= first + data.layers[layer].size) first += data.layers[layer++].size;
    const reach = Math.max(...units.subarray(first, first + data.layers[layer].size).map(Math.abs));
    return reach ? clamp(units[unit.row] / reach, -1, 1) || 0 : 0;
  }

  paintMap(pen, unit, units, grid) {
    const { count, size, columns } = grid, { scale, outputs } = this.page;
    const values = unit.input === null ? units.subarray(unit.row * count, (unit.row + 1) * count)
      : columns.subarray(unit.input * count, (unit.input + 1) * count);
    const isOutput = unit.input === null && unit.row >= units.length / count - outputs && outputs === 1;
    let low = Infinity, high = -Infinity;
    for (let b = 0; b < count; b += 1) {
      if (values[b] < low) low = values[b];
      if (values[b] > high) high = values[b];
    }
    const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const share = isOutput ? (x) => scale.share(x)
      : unit.input !== null ? (x) => (x - low) / (high - low || 1) : (x) => 0.5 + (0.5 * x) / reach;
    const { x, y, r } = unit;
    if (columns.length === count) { // one input: a little curve
      pen.beginPath();
      for (let b = 0; b < count; b += 3) pen.lineTo(x - r + (2 * r * b) / (count - 1), y + r * 0.75 * (1 - 2 * share(values[b])));
      pen.strokeStyle = css(HIGH);
      pen.lineWidth = 2;
      pen.stroke();
      return;
    }
    const image = this.image = imageOf(this.image, size);
    const pixels = new Uint32Array(image.data.buffer);
    for (let b = 0; b < count; b += 1) pixels[b] = SHADES[Math.round(255 * clamp(share(values[b]), 0, 1)) || 0];
    if (this.tile.width !== size) this.tile.width = this.tile.height = size;
    this.tile.getContext("2d").putImageData(image, 0, 0);
    pen.drawImage(this.tile, x - r, y - r, 2 * r, 2 * r);
  }
}

// A node by its label in the middle of the player, as of when it is computed.
function showNode(player, label) {
  const id = player.graph?.label.indexOf(label) ?? -1, box = player.scene?.boxes.get(id);
  if (!box) return;
  player.part("graph").scrollIntoView({ block: "nearest" });
  if (!player.position) player.go(player.first[id]);
  player.select(id);
  const { camera } = player.scene;
  camera.measure();
  camera.isMoved = true;
  camera.look(box.x + box.width / 2, box.y + box.height / 2, 1);
}
