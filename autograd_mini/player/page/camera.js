// A narrow, tall window gets graphs from top to bottom.
const isNarrow = () => {
  const { clientWidth, clientHeight } = document.documentElement;
  return clientWidth < 600 && clientHeight > clientWidth;
};

// The camera: which part of the drawing the window shows, and how it moves.
class Camera {
  constructor(svg, host, size) {
    this.svg = svg;
    this.host = host;
    this.size = size;
    this.view = { x: 0, y: 0, scale: 1 };
    this.target = this.view; // where the running move ends
    this.isMoved = false; // whether the reader has moved it
    this.isOn = true; // whether it follows the active box
    this.width = this.height = 0;
    this.moving = 0;
    this.measure();
  }

  // The window's size. Reading it makes the browser lay out, so it is not read at every step.
  measure() {
    const buttons = parseFloat(getComputedStyle(this.host).paddingRight); // they stand over the drawing
    this.width = Math.max(0, this.host.clientWidth - buttons);
    this.height = this.host.clientHeight;
  }

  // The graph's point (x, y) comes to the middle of the window, `scale` pixels a unit. A CSS
  // transform, since a change of viewBox makes the browser lay out every text again.
  look(x, y, scale) {
    cancelAnimationFrame(this.moving);
    this.target = { x, y, scale };
    this.set(this.target);
  }

  set(view) {
    this.view = view;
    const { x, y, scale } = view;
    const left = this.width / 2 - x * scale, top = this.height / 2 - y * scale;
    this.svg.style.transform = `translate(${left.toFixed(2)}px, ${top.toFixed(2)}px) scale(${scale})`;
  }

  move(x, y, scale = this.target.scale) {
    cancelAnimationFrame(this.moving);
    if (calm.matches) return this.look(x, y, scale);
    const from = this.view, start = performance.now(), time = 220;
    this.target = { x, y, scale };
    const frame = (now) => {
      const t = clamp((now - start) / time, 0, 1), ease = t * (2 - t);
      const mix = (a, b) => a + (b - a) * ease;
      this.set({ x: mix(from.x, x), y: mix(from.y, y), scale: mix(from.scale, scale) });
      if (t < 1) this.moving = requestAnimationFrame(frame);
    };
    this.moving = requestAnimationFrame(frame);
    return undefined;
  }

  get fitting() {
    const { width, height } = this.size, most = Math.max(1.6, this.width / 600); // on a projector more
    return Math.max(0.01, Math.min(this.width / width, this.height / height, most));
  }

  fit() {
    this.isMoved = false;
    this.move(this.size.width / 2, this.size.height / 2, this.fitting);
  }

  // Whether the whole drawing is in a window of this height, its middle moved down by so much.
  shows(down, height) {
    const { y, scale } = this.target, reach = height / 2 / scale + 0.5;
    return y + down - reach <= 0 && this.size.height <= y + down + reach;
  }

  // The first look: all of it if that can be read; else the root, at the end of the drawing, with
  // the window full of what it was computed from.
  open(root) {
    if (!this.width || !this.height) return; // hidden: the size comes later
    const { width, height } = this.size;
    const readable = 0.62;
    if (this.fitting >= readable || !root) {
      this.look(width / 2, height / 2, this.fitting);
      return;
    }
    const within = (middle, half, most) =>
      (most <= 2 * half ? most / 2 : clamp(middle, half, most - half));
    this.look(within(root.x + root.width / 2, this.width / readable / 2, width),
      within(root.y + root.height / 2, this.height / readable / 2, height), readable);
  }

  zoom(factor, clientX, clientY) {
    this.isMoved = true;
    const { x, y, scale } = this.view;
    const next = clamp(scale * factor, Math.min(0.05, this.fitting), 6);
    const frame = this.host.getBoundingClientRect();
    const dx = clientX === undefined ? 0 : clientX - frame.left - this.width / 2;
    const dy = clientY === undefined ? 0 : clientY - frame.top - this.height / 2;
    this.look(x + dx / scale - dx / next, y + dy / scale - dy / next, next);
  }

  pan(dx, dy) {
    this.isMoved = true;
    const { x, y, scale } = this.view;
    this.look(x - dx / scale, y - dy / scale, scale);
  }

  // Bring boxes into the window by the least move, judged by where a running move will end. What
  // is in view stays where it is. The first box counts most.
  reveal(boxes) {
    if (!boxes.length || !this.width) return;
    const { x, y, scale } = this.target;
    const half = [this.width / scale / 2, this.height / scale / 2];
    const area = (list) => [
      [Math.min(...list.map((b) => b.x)), Math.max(...list.map((b) => b.x + b.width))],
      [Math.min(...list.map((b) => b.y)), Math.max(...list.map((b) => b.y + b.height))],
    ];
    const fits = (spans) => spans.every(([low, high], axis) => high - low <= 2 * half[axis]);
    let shown = boxes;
    while (shown.length > 1 && !fits(area(shown))) shown = shown.slice(0, -1);
    const [nx, ny] = area(shown).map(([low, high], axis) => {
      const now = axis ? y : x, reach = half[axis], slack = 0.5 / scale;
      if (low >= now - reach - slack && high <= now + reach + slack) return now;
      const margin = Math.min(16 / scale, reach - (high - low) / 2);
      if (margin <= 0) return (low + high) / 2;
      return low < now - reach ? low - margin + reach : high + margin - reach;
    });
    if (nx !== x || ny !== y) this.move(nx, ny);
  }
}
