// What is drawn: the boxes and edges of an SVG by id.
class Scene {
  constructor(svg, host) {
    this.svg = svg;
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    this.size = { width, height };
    /** @type {Map<number, any>} */
    this.boxes = new Map();
    /** @type {Map<string, any>} */
    this.edges = new Map();
    svg.removeAttribute("role");
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.classList.add("live");
    for (const element of svg.querySelectorAll("g.node")) {
      if (/^n\d+$/.test(element.id)) this.addBox(element);
    }
    this.every = [...svg.querySelectorAll("g.node > g > rect")].map(rectangle);
    for (const element of svg.querySelectorAll("g.edge")) this.edges.set(element.id, element);
    this.flow = makeSvg("g", { class: "flow" });
    this.flow.append(makeSvg("rect"), makeSvg("text"));
    this.tip = makeSvg("polygon", { class: "tip" });
    svg.append(this.tip, this.flow);
    /** @type {any[]} */
    this.lit = [];
    this.middles = new Map();
    this.camera = new Camera(svg, host, this.size);
  }

  addBox(element) {
    const field = (kind) => {
      const line = element.querySelector("text." + kind);
      return line && { line, width: line.textContent.length - 4, text: null };
    };
    const id = Number(element.id.slice(1));
    this.boxes.set(id, {
      id, element, data: field("data"), grad: field("grad"),
      ...rectangle(element.querySelector("rect")),
    });
    element.tabIndex = 0;
    element.setAttribute("role", "button");
  }

  // Where an edge runs, read once.
  middle(id) {
    if (!this.middles.has(id)) {
      const path = this.edges.get(id)?.querySelector("path");
      const length = path?.getTotalLength() ?? 0;
      const at = (t) => path.getPointAtLength(t);
      this.middles.set(id, path && { middle: at(length / 2), from: at(0), next: at(10), length });
    }
    return this.middles.get(id);
  }

  reveal(ids) {
    if (this.camera.isOn) this.camera.reveal(ids.map((id) => this.boxes.get(id)).filter(Boolean));
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

  // A remark beside a box and no wider than it, or none: `data was 2`, `log needs x > 0`.
  note(id, kind, text) {
    const { element, x, y, width, height } = this.boxes.get(id);
    element.querySelector(`text.${kind}`)?.remove();
    element.classList.toggle(`has-${kind}`, Boolean(text));
    if (!text) return;
    const isAbove = kind === "was", isWide = text.length * 5.8 > width;
    element.append(makeSvg("text", {
      class: kind, x: x + width / 2, y: isAbove ? y - 4 : y + height + 11, "text-anchor": "middle",
      ...(isWide ? { textLength: width, lengthAdjust: "spacingAndGlyphs" } : {}),
    }, text));
  }

  // What readers hear of a box: all that is seen of it, and more.
  speak(id, more) {
    const { element } = this.boxes.get(id);
    const seen = [...element.querySelectorAll("text")].map((line, i) => {
      if (i && line.previousSibling?.nodeType !== Node.TEXT_NODE) line.before(" "); // else it is one word
      return line.textContent.replace(/\s+/g, " ");
    });
    element.setAttribute("aria-label", [seen.join(" "), more].filter(Boolean).join(", "));
  }

  // The edges that a step is about, and the arithmetic of the first beside it.
  highlight(edges, direction, text = "") {
    for (const edge of this.lit) edge.classList.remove("active", "forward", "backward");
    this.lit = edges.map((id) => this.edges.get(id)).filter(Boolean);
    for (const edge of this.lit) edge.classList.add("active", direction);
    const isBack = direction === "backward" && this.lit.length > 0;
    this.tip.classList.toggle("shown", isBack);
    this.flow.classList.toggle("shown", isBack && text !== "");
    if (!isBack) return;
    const { middle, from, next } = this.middle(edges[0]);
    this.pointBack(from, next);
    if (!text) return;
    const [rect, label] = this.flow.children;
    label.textContent = text;
    const width = text.length * 6.7 + 16, height = 20;
    const { x, y } = clearOf(this.every, middle, width, height, this.size.width);
    rect.setAttribute("width", width);
    rect.setAttribute("height", height);
    rect.setAttribute("rx", height / 2);
    label.setAttribute("x", width / 2);
    label.setAttribute("y", 14);
    this.flow.setAttribute("transform", `translate(${x} ${y})`);
  }

  // An arrowhead at the start of an edge: gradients flow against the data.
  pointBack(from, next) {
    const angle = Math.atan2(from.y - next.y, from.x - next.x);
    this.tip.setAttribute("points", "0,0 -10,-4.5 -10,4.5");
    this.tip.setAttribute("transform",
      `translate(${from.x} ${from.y}) rotate(${(180 * angle) / Math.PI})`);
  }
}

const rectangle = (rect) => {
  const at = (name) => Number(rect.getAttribute(name));
  return { x: at("x"), y: at("y"), width: at("width"), height: at("height") };
};

// The place nearest to a point where a badge covers no box; it does not stick out to the sides.
function clearOf(boxes, point, width, height, room) {
  const gap = 3, left = clamp(point.x - width / 2, 2, Math.max(2, room - width - 2)), top = point.y - height / 2;
  const isClear = (x, y) => !boxes.some((b) => x < b.x + b.width + gap && x + width > b.x - gap &&
    y < b.y + b.height + gap && y + height > b.y - gap);
  for (let away = 0; away < 80; away += 1) {
    for (const side of away ? [-1, 1] : [1]) {
      for (const aside of [0, -0.5, 0.5]) {
        const x = clamp(left + aside * width, Math.min(left, 2), Math.max(left, room - width - 2)), y = top + side * away * 6;
        if (isClear(x, y)) return { x, y };
      }
    }
  }
  return { x: left, y: Math.min(...boxes.map((b) => b.y)) - height - 6 };
}
