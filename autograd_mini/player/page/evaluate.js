// A recorded graph run on other numbers, as `recompute()` and `backward()` run it in Python.

// The page can run a graph if each of its operations has a rule in JavaScript.
function canEvaluate(graph) {
  return typeof RULES !== "undefined" && graph.inputs.every((inputs, node) =>
    !inputs.length || graph.rule[node] in RULES);
}

// `leaves` holds the data of each leaf. Where an operation meets a number outside of its domain
// Python raises: here `problems` says so in words, and what depends on it has no data.
function evaluate(graph, leaves) {
  const data = [...leaves], local = leaves.map(() => []), problems = new Map();
  graph.inputs.forEach((inputs, node) => {
    if (!inputs.length) return;
    const operands = inputs.map((x) => data[x]);
    data[node] = undefined;
    if (operands.includes(undefined)) return;
    const [forward, partials] = RULES[graph.rule[node]];
    const result = forward(...operands);
    if (isOutside(graph.domain[node], result, operands)) {
      problems.set(node, complaint(graph, node, operands));
      return;
    }
    data[node] = result;
    local[node] = partials(result, ...operands);
  });
  return { data, local, problems };
}

// A row without a domain follows the floats: its infinities and nans are silent, as in Python.
function isOutside(domain, result, operands) {
  if (!domain) return false;
  if (Number.isNaN(result)) return !operands.some(Number.isNaN);
  return !Number.isFinite(result) && operands.every(Number.isFinite);
}

function complaint(graph, node, operands) {
  if (graph.op[node] === "pow" && operands[0] !== 0 && !Number.isNaN(F.pow(operands[0], operands[1]))) {
    return `pow overflows at ${operands.map(short).join(" ** ")}`;
  }
  const given = graph.inputs[node].map((x, i) =>
    (graph.constants.includes(x) ? short(operands[i]) : `${graph.name[x]} = ${short(operands[i])}`));
  return `${graph.op[node]} needs ${graph.domain[node]}, and ${given.slice(0, 4).join(", ")}`;
}
