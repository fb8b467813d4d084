// Training: update after update, as fit makes them. Nothing is drawn here.

const floats = (text) => new Float64Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

// A flat array as rows.
const inRows = (flat, width) => Array.from({ length: flat.length / width }, (_, i) =>
  Array.from(flat.subarray(i * width, (i + 1) * width)));

class Trainer {
  /** @type {number[][]} */
  X = [];

  /** @type {number[][]} */
  Y = [];

  /** @type {number[] | null} */
  order = null; // of the examples, in this epoch

  at = 0; // in that order
  sum = 0; // of the losses of this epoch
  updates = 0;

  /** @type {((examples: number[]) => string) | undefined} */
  explain = undefined;

  constructor(data, program) {
    this.program = program;
    this.places = data.places.loss; // where the program's parameters stand among ours
    this.moved = data.moved ?? [];
    this.widths = data.widths;
    this.names = data.names;
    const words = Uint8Array.from(atob(data.random ?? ""), (c) => c.charCodeAt(0));
    this.start = {
      theta: floats(data.theta), optimizer: data.optimizer ?? { kind: "SGD", lr: 0 }, batch: data.batch ?? null,
      random: Array.from(new Uint32Array(words.buffer)),
      X: inRows(floats(data.X), data.widths[0]), Y: inRows(floats(data.Y), data.widths[1]),
    };
    this.bound = new Map();
    this.theta = Float64Array.from(this.start.theta);
    this.grad = new Float64Array(this.theta.length);
    this.optimizer = new Optimizer(this.start.optimizer, this.moved);
    this.random = new Random(this.start.random);
    this.restoreData();
    this.rewind();
  }

  // Parameters, optimizer and order as at the start; edited data stay.
  rewind() {
    const { theta, optimizer, batch, random } = this.start;
    this.theta = Float64Array.from(theta);
    this.grad = new Float64Array(theta.length);
    this.optimizer = new Optimizer(optimizer, this.moved);
    this.batch = batch;
    this.random = new Random(random);
    this.updates = 0;
    this.loss = undefined; // before the last update
    /** @type {number[]} */
    this.losses = []; // of each epoch
    this.stopped = "";
    this.restartEpoch();
  }

  restoreData() {
    this.X = this.start.X.map((x) => [...x]);
    this.Y = this.start.Y.map((y) => [...y]);
    this.restartEpoch();
  }

  get count() { return this.X.length; }

  get size() { return Math.min(this.batch ?? this.count, this.count); }

  get updatesOfAnEpoch() { return Math.ceil(this.count / this.size); }

  // The data have changed in number, or the batches in size: the epoch begins anew.
  restartEpoch() {
    this.order = null;
    this.at = 0;
    this.sum = 0;
    this.touch();
  }

  // Another program of the same parameters.
  use(program) {
    this.program = program;
    this.bound.clear();
    this.touch();
  }

  // Numbers of the data have changed.
  touch() { this.isWhole = false; }

  bind(B) {
    if (!this.bound.has(B)) {
      if (this.bound.size > 8) this.bound.clear();
      const [wx, wy] = this.widths;
      const theta = new Float64Array(this.places.length), grad = new Float64Array(this.places.length);
      this.bound.set(B, {
        theta, grad, run: this.program(theta, grad, B),
        x: new Float64Array(wx * B), y: new Float64Array(wy * B),
      });
    }
    return this.bound.get(B);
  }

  // The loss and its gradient over some examples, for the parameters as they are.
  gradient(examples) {
    const B = examples.length, { theta, grad, run, x, y } = this.bind(B);
    const isWhole = this.order === null || B === this.count;
    if (!isWhole || !this.isWhole) {
      examples.forEach((n, b) => {
        for (let i = 0; i < this.widths[0]; i += 1) x[i * B + b] = this.X[n][i];
        for (let i = 0; i < this.widths[1]; i += 1) y[i * B + b] = this.Y[n][i];
      });
      this.isWhole = isWhole;
    }
    const { places } = this;
    for (let i = 0; i < places.length; i += 1) theta[i] = this.theta[places[i]];
    const loss = run(x, y);
    for (let i = 0; i < places.length; i += 1) this.grad[places[i]] = grad[i];
    return loss;
  }

  everyone() { return Array.from({ length: this.count }, (_, i) => i); }

  // One update. When a number is not finite nothing moves, and `stopped` says so.
  step() {
    let { order } = this;
    if (order === null || this.at >= this.count) {
      this.order = order = this.size < this.count ? this.random.order(this.count) : this.everyone();
      this.at = 0;
      this.sum = 0;
    }
    const examples = this.size < this.count ? order.slice(this.at, this.at + this.size) : order;
    const loss = this.gradient(examples);
    if (!Number.isFinite(loss) || !this.grad.every(Number.isFinite)) {
      this.stopped = `It stopped at update ${this.updates + 1}: ${this.reason(loss, examples)}`;
      return loss;
    }
    this.optimizer.step(this.theta, this.grad);
    this.updates += 1;
    this.loss = loss;
    this.at += examples.length;
    this.sum += loss * examples.length;
    if (this.at >= this.count) this.losses.push(this.sum / this.count);
    return loss;
  }

  reason(loss, examples) {
    const found = this.explain?.(examples);
    if (found) return found;
    if (!Number.isFinite(loss)) return `the loss is ${repr(loss)}`;
    const i = this.grad.findIndex((g) => !Number.isFinite(g));
    return `the gradient of ${this.names[i] ?? "a parameter"} is ${repr(this.grad[i])}`;
  }

  // Another optimizer starts without memory, at the learning rate of now.
  choose(kind) {
    const given = this.start.optimizer;
    const described = Object.hasOwn(OPTIMIZERS, kind) ? OPTIMIZERS[kind] : { ...given, steps: 0, moments: undefined };
    this.optimizer = new Optimizer({ ...described, lr: this.optimizer.lr }, this.moved);
  }

  weights() { return Object.fromEntries(this.names.map((name, i) => [name, this.theta[i]])); }

  gradients() { return Object.fromEntries(this.names.map((name, i) => [name, this.grad[i]])); }
}
