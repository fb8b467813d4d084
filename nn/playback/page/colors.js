// Colors of outputs and targets: from blue over gray to orange; classes have one each.

/** @returns {[number, number, number]} */
const rgb = (text) => /** @type {any} */ ([1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
const LOW = rgb("#2f74c0"), HIGH = rgb("#d9622b"), MIDDLE = rgb("#b9b6b0");
const CLASSES = ["#2f74c0", "#d9622b", "#3f9a5b", "#8b5fb5", "#c9a227", "#2aa5a0", "#c2477f", "#7a6a58", "#8aa13a", "#5b6b8c"].map(rgb);

/**
 * From the low color over gray to the high one.
 * @returns {[number, number, number]}
 */
function mix(share) {
  const [from, to, t] = share < 0.5 ? [LOW, MIDDLE, 2 * share] : [MIDDLE, HIGH, 2 * share - 1];
  return /** @type {any} */ (from.map((x, i) => Math.round(x + (to[i] - x) * t)));
}

// 256 pixels from the low color to the high one, as ImageData holds them.
const pixel = ([r, g, b], alpha) => ((Math.round(255 * alpha) << 24) | (b << 16) | (g << 8) | r) >>> 0;
const SHADES = Uint32Array.from({ length: 256 }, (_, i) => pixel(mix(i / 255), 1));

/**
 * @param {any} image
 * @returns {any}
 */
const imageOf = (image, size) => (image?.width === size ? image : new ImageData(size, size));

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const largest = (xs) => xs.reduce((best, x, i) => (x > xs[best] ? i : best), 0);

// What the outputs mean: sides of a middle, numbers around it, or one for each class.
class Scale {
  constructor({ kind, center, spread }) {
    this.kind = kind;
    this.center = center;
    this.spread = spread;
    /** @type {Uint32Array | undefined} */
    this.table = undefined; // of pixels
  }

  get isOfClasses() { return this.kind === "classes"; }

  share(f) { return Number.isNaN(f) ? 0.5 : clamp(0.5 + (f - this.center) / (2 * this.spread), 0, 1); }

  /**
   * A color and how strong it is on the plane: the stronger the surer.
   * @returns {[[number, number, number], number]}
   */
  paint(outputs) {
    if (this.isOfClasses) return [CLASSES[largest(outputs) % CLASSES.length], 0.55];
    const share = this.share(outputs[0]);
    const color = this.kind === "sides" ? (share < 0.5 ? LOW : HIGH) : mix(share);
    return [color, 0.12 + 1.2 * Math.abs(share - 0.5)];
  }

  // A pixel for the outputs of each cell, whose rows begin at `first`.
  paintAll(units, first, count, outputs, pixels) {
    if (!this.isOfClasses) {
      this.table ??= Uint32Array.from({ length: 256 }, (_, i) =>
        pixel(...this.paint([this.center + this.spread * (2 * i / 255 - 1)])));
      for (let b = 0; b < count; b += 1) pixels[b] = this.table[Math.round(255 * this.share(units[first * count + b]))];
      return;
    }
    this.table ??= Uint32Array.from(CLASSES, (color) => pixel(color, 0.55));
    for (let b = 0; b < count; b += 1) {
      let best = 0;
      for (let k = 1; k < outputs; k += 1) if (units[(first + k) * count + b] > units[(first + best) * count + b]) best = k;
      pixels[b] = this.table[best % this.table.length];
    }
  }

  ofTarget(y) {
    if (this.isOfClasses) return CLASSES[(y.length > 1 ? largest(y) : y[0]) % CLASSES.length] ?? MIDDLE;
    if (this.kind === "sides") return y[0] > this.center ? HIGH : LOW;
    return mix(this.share(y[0]));
  }

  // Whether an output is on its target's side; undefined where there are no sides.
  isRight(outputs, y) {
    if (this.isOfClasses) return y.length === outputs.length ? largest(outputs) === largest(y) : largest(outputs) === y[0];
    if (this.kind === "sides") return outputs[0] > this.center === y[0] > this.center;
    return undefined;
  }
}
