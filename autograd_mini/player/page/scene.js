// What is drawn: the boxes and edges of an SVG by id, and a camera.
class Scene {
  constructor(svg, host) {
    this.svg = svg;
    this.host = host;
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    this.size = { width, height };
    this.boxes = new Map();
    this.edges = new Map();
    svg.removeAttribute("role");
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.classList.add("live");
    for (const title of svg.querySelectorAll("title")) title.remove();
    for (const element of svg.querySelectorAll("g.node")) {
      if (!/^n\d+$/.test(element.id)) continue;
      const shape = element.querySelector("rect");
      const field = (kind) => {
        const line = element.querySelector("text." + kind);
        return line && { line, width: line.textContent.length - 4, text: null };
      };
      const at = (name) => Number(shape.getAttribute(name));
      const id = Number(element.id.slice(1));
      this.boxes.set(id, {
        id, element, data: field("data"), grad: field("grad"),
        x: at("x"), y: at("y"), width: at("width"), height: at("height"),
      });
      element.tabIndex = 0;
      element.setAttribute("role", "button");
    }
    for (const element of svg.querySelectorAll("g.edge")) this.edges.set(element.id, element);
    this.flow = makeSvg("g");
    this.flow.setAttribute("class", "flow");
    this.flow.append(makeSvg("rect"), makeSvg("text"));
    svg.append(this.flow);
    this.view = { x: 0, y: 0, scale: 1 };
    this.middles = new Map();
    this.measure();
  }

  // The window's size. Reading it makes the browser lay out, so it is not read at every step.
  measure() {
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
  }

  // The middle of an edge and its length, read once.
  middle(id) {
    if (!this.middles.has(id)) {
      const path = this.edges.get(id)?.querySelector("path");
      const length = path?.getTotalLength() ?? 0;
      this.middles.set(id, path && { ...pointOf(path.getPointAtLength(length / 2)), length });
    }
    return this.middles.get(id);
  }

  // Camera: the graph's point (x, y) is at the middle of the window, `scale` pixels a unit. A CSS
  // transform, since a change of viewBox makes the browser lay out every text again.
  look(x, y, scale) {
    this.view = { x, y, scale };
    const left = this.width / 2 - x * scale, top = this.height / 2 - y * scale;
    this.svg.style.transform = `translate(${left.toFixed(2)}px, ${top.toFixed(2)}px) scale(${scale})`;
  }

  move(x, y, scale = this.view.scale) {
    cancelAnimationFrame(this.moving);
    if (calm.matches) return this.look(x, y, scale);
    const from = this.view, start = performance.now(), time = 220;
    const frame = (now) => {
      const t = clamp((now - start) / time, 0, 1), ease = t * (2 - t);
      const mix = (a, b) => a + (b - a) * ease;
      this.look(mix(from.x, x), mix(from.y, y), mix(from.scale, scale));
      if (t < 1) this.moving = requestAnimationFrame(frame);
    };
    this.moving = requestAnimationFrame(frame);
  }

  get fitting() {
    const { width, height } = this.size;
    return Math.max(0.01, Math.min(this.width / width, this.height / height, 1.6));
  }

  fit(move = true) {
    const { width, height } = this.size;
    if (move) this.move(width / 2, height / 2, this.fitting);
    else this.look(width / 2, height / 2, this.fitting);
  }

  zoom(factor, clientX, clientY) {
    cancelAnimationFrame(this.moving);
    const { x, y, scale } = this.view;
    const next = clamp(scale * factor, Math.min(0.05, this.fitting), 6);
    const frame = this.host.getBoundingClientRect();
    const dx = (clientX ?? frame.left + frame.width / 2) - frame.left - frame.width / 2;
    const dy = (clientY ?? frame.top + frame.height / 2) - frame.top - frame.height / 2;
    this.look(x + dx / scale - dx / next, y + dy / scale - dy / next, next);
  }

  // Bring boxes into the window, if they are not there already. The first counts most.
  reveal(ids) {
    const boxes = ids.map((id) => this.boxes.get(id)).filter(Boolean);
    if (!boxes.length) return;
    const { x, y, scale } = this.view;
    const halfWidth = this.width / scale / 2, halfHeight = this.height / scale / 2;
    const area = (list) => ({
      left: Math.min(...list.map((b) => b.x)), right: Math.max(...list.map((b) => b.x + b.width)),
      top: Math.min(...list.map((b) => b.y)), bottom: Math.max(...list.map((b) => b.y + b.height)),
    });
    let { left, right, top, bottom } = area(boxes);
    if (right - left > 1.8 * halfWidth || bottom - top > 1.8 * halfHeight) {
      ({ left, right, top, bottom } = area(boxes.slice(0, 1)));
    }
    const margin = 12 / scale;
    if (left >= x - halfWidth + margin && right <= x + halfWidth - margin &&
        top >= y - halfHeight + margin && bottom <= y + halfHeight - margin) return;
    this.move((left + right) / 2, (top + bottom) / 2);
  }

  write(id, kind, text) {
    const field = this.boxes.get(id)[kind];
    if (!field || field.text === text) return;
    field.text = text;
    field.line.textContent = kind + text.padStart(field.width, "\u00a0");
  }

  tint(id, gradient, scale) {
    const { element } = this.boxes.get(id);
    const size = Math.abs(gradient);
    const sign = !gradient ? (Number.isNaN(gradient) ? "odd" : "") :
      !Number.isFinite(size) ? "odd" : gradient > 0 ? "up" : "down";
    const strength = sign && sign !== "odd"
      ? clamp(1 + Math.log10(size / scale) / 4, 0.1, 1) : 0;
    element.dataset.sign = sign;
    element.style.setProperty("--strength", `${Math.round(100 * strength)}%`);
  }

  // The edges that a step is about, and the arithmetic of the first beside it.
  highlight(edges, direction, text, ends = []) {
    for (const edge of this.lit ?? []) edge.classList.remove("active", "forward", "backward");
    this.lit = edges.map((id) => this.edges.get(id)).filter(Boolean);
    for (const edge of this.lit) edge.classList.add("active", direction);
    this.flow.classList.toggle("shown", Boolean(text && this.lit.length));
    if (!text || !this.lit.length) return;
    const middle = this.middle(edges[0]), { length } = middle;
    const [rect, label] = this.flow.children;
    label.textContent = text;
    const width = text.length * 6.7 + 16, height = 20;
    let top = middle.y - height / 2;
    const boxes = ends.map((id) => this.boxes.get(id)).filter(Boolean);
    if (length < width + 30 && boxes.length) { // it would hide the boxes: above both
      top = Math.min(...boxes.map((box) => box.y)) - height - 6;
    }
    rect.setAttribute("width", width);
    rect.setAttribute("height", height);
    rect.setAttribute("rx", height / 2);
    label.setAttribute("x", width / 2);
    label.setAttribute("y", 14);
    this.flow.setAttribute("transform", `translate(${middle.x - width / 2} ${top})`);
  }
}
