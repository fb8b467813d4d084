// Where a gradient comes from: the paths that carry it to a node, the strongest first, and on
// each the factor that makes it 0, huge or nan.

const MOST_PATHS = 3;
const WEAK = 1e-3, STRONG = 1e3;

// The paths to a node: each a list of edges (frames) from the root on, and their product.
function paths(pass, node) {
  const size = (position) => {
    const { contribution } = pass.frames[position];
    return Number.isNaN(contribution) ? Infinity : Math.abs(contribution);
  };
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
  if (size > STRONG) return `${name[node]} = ${kind} makes it ${short(size)} times larger`;
  if (size > WEAK) return "";
  if (kind === "relu" && local === 0) {
    return `the relu ${name[node]} is switched off: its input is ${short(z)}`;
  }
  if (["tanh", "sigmoid", "erf", "softplus"].includes(kind)) {
    return `the ${kind} ${name[node]} is saturated: at ${short(z)} its slope is ${short(local)}`;
  }
  if (local === 0) return `the factor at ${name[node]} = ${kind} is 0`;
  return `${name[node]} = ${kind} makes it small: its slope is ${short(local)}`;
}

// The answer as lines of text; each path is one.
function why(pass, node) {
  const { name, inputs, seed } = pass.graph;
  if (pass.data[node] === undefined || pass.data[inputs.length - 1] === undefined) {
    return [`There is no gradient: the graph cannot be computed at these numbers.`];
  }
  if (node === inputs.length - 1) {
    return [`${name[node]}.grad = ${six(seed)}: it is the seed, where the backward pass starts.`];
  }
  const gradient = pass.gradient.get(node), count = pass.received[node].length;
  if (!count) return [`${name[node]} receives nothing.`];
  const found = paths(pass, node);
  const lines = [`${name[node]}.grad = ${six(gradient)}` + (count === 1
    ? ", along one edge." : `, the sum over ${count} edges${count > found.length ? `; the strongest ${found.length}:` : ":"}`)];
  for (const { edges, product, contribution } of found) {
    const factors = edges.map((edge) => six(edge.local)).join(" · ");
    const way = [edges[0].node, ...edges.map((edge) => edge.parent)].map((id) => name[id]).join(" → ");
    const result = product === contribution ? six(product)
      : `${six(product)} of ${six(contribution)}`; // several paths meet on the way
    lines.push(`${way}: ${seed === 1 ? "" : six(seed) + " · "}${factors} = ${result}`);
    for (const edge of edges) {
      const told = remark(pass, edge);
      if (told) lines.push(`  ! ${told}`);
    }
  }
  return lines;
}
