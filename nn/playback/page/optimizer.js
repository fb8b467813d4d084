// The updates of nn.SGD, nn.Adam and nn.AdamW, in the same order of operations.
class Optimizer {
  // `described` is the optimizer's settings, how many steps it has made, and what it remembers.
  constructor(described, moved) {
    this.kind = described.kind;
    this.lr = described.lr;
    this.weight_decay = described.weight_decay ?? 0;
    this.maximize = described.maximize ?? false;
    this.momentum = described.momentum ?? 0;
    this.dampening = described.dampening ?? 0;
    this.nesterov = described.nesterov ?? false;
    this.betas = described.betas ?? [0, 0];
    this.eps = described.eps ?? 0;
    this.steps = described.steps ?? 0;
    this.moved = moved; // which parameters it moves
    const moments = described.moments ?? [];
    const count = this.kind === "SGD" ? Number(this.momentum > 0) : 2;
    this.moments = Array.from({ length: count }, (_, i) =>
      Float64Array.from(moments[i] ?? new Array(moved.length).fill(0)));
  }

  step(theta, grad) {
    this.steps += 1;
    if (this.kind === "SGD") this.descend(theta, grad);
    else this.adapt(theta, grad);
  }

  descend(theta, grad) {
    const { lr, momentum, nesterov, maximize, weight_decay: decay, moved } = this;
    const fresh = this.steps === 1 ? 1 : 1 - this.dampening; // the first step is not dampened
    const [buf] = this.moments;
    for (let k = 0; k < moved.length; k += 1) {
      const i = moved[k];
      let g = maximize ? -grad[i] : grad[i];
      if (decay) g += decay * theta[i];
      if (buf) {
        buf[k] = buf[k] * momentum + fresh * g;
        g = nesterov ? g + momentum * buf[k] : buf[k];
      }
      theta[i] -= lr * g;
    }
  }

  adapt(theta, grad) {
    const { lr, eps, betas: [beta1, beta2], maximize, weight_decay: decay, moved } = this;
    const root = Math.sqrt(1 - beta2 ** this.steps), size = (lr * root) / (1 - beta1 ** this.steps);
    const isDecoupled = this.kind === "AdamW";
    const [m, v] = this.moments;
    for (let k = 0; k < moved.length; k += 1) {
      const i = moved[k];
      if (isDecoupled) theta[i] -= lr * decay * theta[i];
      let g = maximize ? -grad[i] : grad[i];
      if (decay && !isDecoupled) g += decay * theta[i];
      m[k] = m[k] * beta1 + (1 - beta1) * g;
      v[k] = v[k] * beta2 + (1 - beta2) * g * g;
      theta[i] -= (size * m[k]) / (Math.sqrt(v[k]) + eps * root);
    }
  }
}

// What the page offers beside the optimizer that it came with.
const OPTIMIZERS = {
  SGD: { kind: "SGD", momentum: 0, dampening: 0, nesterov: false, weight_decay: 0, maximize: false, steps: 0 },
  "SGD, momentum 0.9": { kind: "SGD", momentum: 0.9, dampening: 0, nesterov: false, weight_decay: 0, maximize: false, steps: 0 },
  Adam: { kind: "Adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, maximize: false, steps: 0 },
  AdamW: { kind: "AdamW", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, maximize: false, steps: 0 },
};
