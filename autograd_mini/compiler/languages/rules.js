// What each elementary row of the rule table computes. Composite rows and partial derivatives are
// written by the table itself.

const F = {};
F.add = (x, y) => x + y;
F.sub = (x, y) => x - y;
F.mul = (x, y) => x * y;
F.div = (x, y) => x / y;
F.neg = (x) => -x;
F.abs = Math.abs;
// C's pow: 1 to any power is 1, and so is -1 to an infinite one
F.pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y));

F.exp = Math.exp;
F.log = Math.log;
F.log1p = Math.log1p;
F.expm1 = Math.expm1;
F.sqrt = Math.sqrt;
F.logsumexp = (...xs) => {
  const largest = Math.max(...xs);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(xs.reduce((sum, x) => sum + Math.exp(x - largest), 0));
};

F.sin = Math.sin;
F.cos = Math.cos;
F.tan = Math.tan;
F.sinh = Math.sinh;
F.cosh = Math.cosh;
F.tanh = Math.tanh;
F.asin = Math.asin;
F.acos = Math.acos;
F.atan = Math.atan;
F.atan2 = Math.atan2;
F.hypot = Math.hypot;
F.norm = Math.hypot;

// Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964): the series 7.1.6, whose
// terms are all positive, and from 2 on the continued fraction 7.1.14.
F.erf = (x) => {
  if (Math.abs(x) >= 2) return x > 0 ? 1 - F.erfc(x) : F.erfc(-x) - 1;
  let term = 1, sum = 1;
  for (let n = 1; term > 1e-17 * sum; n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x) * sum;
};
F.erfc = (x) => {
  if (Number.isNaN(x) || Math.abs(x) < 2) return 1 - F.erf(x);
  if (x < 0) return 2 - F.erfc(-x);
  let tail = x;
  for (let k = 60; k > 0; k -= 1) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
};

F.maximum = (x, y) => (x >= y || Number.isNaN(x) ? x : y) + 0; // never -0
F.minimum = (x, y) => (x <= y || Number.isNaN(x) ? x : y) + 0;
F.amax = (...xs) => Math.max(...xs) + 0;
F.detach = (x) => x;
F.place = (index, n) => {
  const at = index < 0 ? index + n : index;
  return at >= 0 && at < n && Number.isInteger(at) ? at : NaN;
};
F.greater = (x, y) => (x > y ? 1 : 0);
F.less = (x, y) => (x < y ? 1 : 0);
F.where = (condition, a, b) => (condition !== 0 ? a : b);
F.clip = (x, low, high) => (low > high ? NaN : x < low ? low : x > high ? high : x);

// left to right, as in Python: the same sums to the bit
F.dot = (...xs) => {
  const n = Math.floor(xs.length / 2);
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += xs[i] * xs[n + i];
  return xs.length % 2 ? sum + xs[xs.length - 1] : sum;
};
F.total = (...xs) => xs.reduce((sum, x) => sum + x, 0);
F.product = (...xs) => xs.reduce((product, x) => product * x, 1);

F.sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
F.relu = (x) => (x <= 0 ? 0 : x);
F.softplus = (x) => F.relu(x) + Math.log1p(Math.exp(-Math.abs(x)));
F.tanhshrink = (x) => {
  if (Math.abs(x) >= 0.03) return x - Math.tanh(x);
  const q = x * x; // x - tanh(x) cancels: its Taylor series
  return x * q * (1 / 3 - q * (2 / 15 - q * (17 / 315 - q * (62 / 2835))));
};

F.log_cosh = (x) => (Math.abs(x) > 1
  ? Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2
  : Math.log1p(2 * Math.sinh(0.5 * x) ** 2));
F.xlogy = (x, y) => (x === 0 && y >= 0 ? 0 : x * Math.log(y));
F.clamped_log1p = (x) => Math.max(Math.log1p(x), -100);
F.quotient = (a, b) => a / b;
F.log_or_nan = Math.log;
F.power_slope = (x, y) => (y === 0 ? 0
  : x === 0 && y < 1 ? y * Infinity : y * F.pow(x, y - 1));

// A program whose gradient, where it is not finite, is the mean of the examples' own: it sums over
// the batch first, and (a + b) * Infinity is not a * Infinity + b * Infinity.
const byExample = (bind) => (theta, gtheta, B) => {
  const step = bind(theta, gtheta, B);
  return (...columns) => {
    const mean = step(...columns);
    if (B === 1 || gtheta.every(Number.isFinite)) return mean;
    const own = new Float64Array(gtheta.length), one = bind(theta, own, 1);
    gtheta.fill(0);
    for (let b = 0; b < B; b += 1) {
      one(...columns.map((x) => Float64Array.from({ length: x.length / B }, (_, i) => x[i * B + b])));
      own.forEach((x, i) => { gtheta[i] += x / B; });
    }
    return mean;
  };
};

// A recorded graph run on other numbers: the data and the local derivatives of every node.
// `leaves` holds the data of each leaf; RULES has [forward, partials] for each operation.
function compute(graph, leaves) {
  const data = [...leaves], local = leaves.map(() => []);
  graph.inputs.forEach((inputs, node) => {
    if (!inputs.length) return;
    const operands = inputs.map((x) => data[x]);
    const [forward, partials] = RULES[graph.rule[node]];
    data[node] = forward(...operands);
    local[node] = partials(data[node], ...operands);
  });
  return { data, local };
}
