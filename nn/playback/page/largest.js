// A softmax takes the largest logit away as a plain number: a leaf that follows other nodes.
function settled(graph, leaves) {
  if (!graph.largest.length) return leaves;
  const { data } = compute(graph, leaves);
  for (const [constants, sources] of graph.largest) {
    const most = Math.max(...sources.map((node) => data[node]));
    for (const node of constants) leaves[node] = most;
  }
  return leaves;
}
