// Where a gradient comes from: the paths that carry it to a node, the strongest first, and on
// each the factor that makes it 0, huge or nan.

const MOST_PATHS = 3, MOST_NAMES = 12, MOST_REMARKS = 4;
const WEAK = 1e-3, STRONG = 1e3;
const isPlain = (x) => Math.abs(x) > WEAK && Math.abs(x) < STRONG;
const CHOOSING = ["where", "clip", "maximum", "minimum", "take"];
const three = (x) => general(x, 3); // digits, in a remark
const extent = (x) => (Number.isNaN(x) ? Infinity : Math.abs(x));

// The paths to a node: each a list of edges (frames) from the root on, and their product.
function paths(pass, node) {
  const size = (position) => extent(pass.frames[position].contribution);
  const strongest = (id) => [...pass.received[id]].sort((a, b) => size(b) - size(a));
  const root = pass.graph.inputs.length - 1;
  return strongest(node).slice(0, MOST_PATHS).map((position) => {
    const edges = [pass.frames[position]];
    while (edges[0].node !== root) {
      const [next] = strongest(edges[0].node);
      if (next === undefined) break; // an edge between boxes that are not drawn
      edges.unshift(pass.frames[next]);
    }
    const product = edges.reduce((x, edge) => x * edge.local, pass.graph.seed);
    return { edges, product, contribution: pass.frames[position].contribution };
  });
}

// What is remarkable about the factor of an edge, or "".
function remark(pass, edge) {
  const { op, name, inputs } = pass.graph;
  const { node, local } = edge;
  const size = Math.abs(local), kind = op[node];
  const z = inputs[node].length ? pass.data[inputs[node][0]] : 0;
  if (Number.isNaN(local)) return `${name[node]} = ${kind} has no slope here: nan`;
  if (size === Infinity) return `the slope of ${name[node]} = ${kind} is infinite here`;
  if (size > STRONG) return `${name[node]} = ${kind} makes it ${three(size)} times larger`;
  if (size > WEAK) return "";
  if (kind === "relu" && local === 0) {
    return `the relu ${name[node]} is switched off: its input is ${three(z)}`;
  }
  if (["tanh", "sigmoid", "erf", "softplus"].includes(kind)) {
    return `the ${kind} ${name[node]} is saturated: at ${three(z)} its slope is ${three(local)}`;
  }
  if (local === 0 && CHOOSING.includes(kind)) return `${name[node]} = ${kind} takes another number`;
  if (local === 0) {
    const zeros = inputs[node].filter((x, i) => i !== edge.argument && pass.data[x] === 0);
    if (kind === "pow" && z === 0) zeros.push(inputs[node][0]);
    const isTold = ["mul", "product", "pow"].includes(kind) && zeros.length > 0;
    const what = pass.graph.constants.includes(zeros[0]) ? "a number beside it" : name[zeros[0]];
    return `the factor at ${name[node]} = ${kind} is 0${isTold ? `: ${what} is 0` : ""}`;
  }
  return `${name[node]} = ${kind} makes it small: its slope is ${three(local)}`;
}

// The first and the last of a long list.
const some = (texts) => (texts.length <= MOST_NAMES ? texts
  : [...texts.slice(0, MOST_NAMES / 2), "…", ...texts.slice(-MOST_NAMES / 2)]);

// A path as lines: its product, and what is remarkable on the way.
function told(pass, { edges, product, contribution }) {
  const { name, seed } = pass.graph;
  const way = some([edges[0].node, ...edges.map((edge) => edge.parent)].map((id) => name[id])).join(" → ");
  const factors = some(edges.map((edge) => six(edge.local))).join(" · ");
  const isWhole = product === contribution || Number.isNaN(product);
  const total = isWhole ? "" : ` of ${six(contribution)}`; // several paths meet on the way
  const lines = [`${way}: ${seed === 1 ? "" : `${six(seed)} · `}${factors} = ${six(product)}${total}`];
  const remarks = edges.map((edge) => ({ edge, text: remark(pass, edge) })).filter(({ text }) => text);
  const odd = ({ edge }) => (edge.local ? Math.abs(Math.log(extent(edge.local))) : Infinity);
  const chosen = new Set([...remarks].sort((a, b) => (odd(a) === odd(b) ? 0 : odd(b) - odd(a))).slice(0, MOST_REMARKS));
  for (const one of remarks) if (chosen.has(one)) lines.push(`  ! ${one.text}`);
  if (remarks.length > MOST_REMARKS) lines.push(`  ! and ${remarks.length - MOST_REMARKS} more`);
  if (!remarks.length && !isPlain(seed)) lines.push(`  ! the seed is ${three(seed)}`);
  else if (!remarks.length && !isPlain(product)) lines.push(`  ! no factor alone does it: ${edges.length} of them multiply`);
  return lines;
}

// The answer as lines of text; each path is one, its remarks below it.
function why(pass, node) {
  const { name, inputs, seed } = pass.graph;
  if (pass.data[node] === undefined || pass.data[inputs.length - 1] === undefined) {
    return ["There is no gradient: the graph cannot be computed at these numbers."];
  }
  if (node === inputs.length - 1) {
    return [`${name[node]}.grad = ${six(seed)}: it is the seed, where the backward pass starts.`];
  }
  const gradient = pass.gradient.get(node), count = pass.received[node].length;
  if (!count) {
    const isConstant = pass.graph.constants.includes(node);
    return [`${name[node]} receives nothing: ${isConstant ? "an operator wrapped it" : "it decides conditions alone"}.`];
  }
  const found = paths(pass, node);
  const over = count === 1 ? ", along one edge."
    : `, the sum over ${count} edges${count > found.length ? `; the strongest ${found.length}:` : ":"}`;
  const lines = [`${name[node]}.grad = ${six(gradient)}${over}`, ...found.flatMap((path) => told(pass, path))];
  const largest = extent(found[0].contribution);
  if (count > 1 && Number.isNaN(gradient) && !Number.isNaN(found[0].contribution)) {
    lines.push("  ! inf and -inf meet in the sum: it is nan");
  } else if (count > 1 && Math.abs(gradient) <= 1e-9 * largest && largest > 0 && Number.isFinite(largest)) {
    lines.push("  ! the edges cancel");
  }
  return lines;
}
