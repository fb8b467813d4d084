// One example in the player: its graph, with the numbers that the network has now.

class Example {
  constructor(page) {
    this.page = page;
    this.graphs = page.data.graphs;
    this.scenes = new Map();
    this.isShown = false; // whether the player shows the numbers of now
  }

  graphOf(i) { return this.graphs[this.page.examples.graphs[i]]; }

  leaves(i, graph) {
    const { trainer, data } = this.page, leaves = new Array(graph.inputs.length).fill(0);
    for (const [node, x] of graph.fixed) leaves[node] = number(x);
    for (const [node, place] of graph.parameters) leaves[node] = trainer.theta[place];
    graph.own.forEach((node, k) => {
      if (data.own) {
        leaves[node] = number(data.own[i][k]);
        return;
      }
      const [which, at] = graph.sources[k] ?? [];
      leaves[node] = which ? (which === "x" ? trainer.X : trainer.Y)[i][at] : number(graph.kept[k]);
    });
    return settled(graph, leaves);
  }

  // The pass over an example with the parameters of now: stored, or computed by the rules.
  passOf(i) {
    const { data: { stored }, run } = this.page, graph = this.graphOf(i);
    if (!stored?.[i] || !run) return compute(graph, this.leaves(i, graph));
    const { data, local } = stored[i][run.at];
    return { data: data.map(number), local: local.map((row) => row.map((x) => (x === null ? null : number(x)))) };
  }

  // From left to right; in a narrow window from top to bottom.
  picture(index) {
    const name = `${isNarrow() ? "upright" : "across"}-${index}`, { graphs } = this.page.data;
    if (!this.scenes.has(name)) {
      const svg = readPicture(name);
      if (this.graphs !== graphs) rewrite(svg, graphs[index], this.graphs[index]);
      this.scenes.set(name, svg);
    }
    return this.scenes.get(name);
  }

  // The window has another size: another picture may fit it, of the same step and node.
  turn() {
    const { player, chosen, examples } = this.page, { selected } = player;
    if (!player.graph || !this.graphOf(chosen) || player.scene.svg === this.picture(examples.graphs[chosen])) return;
    this.isShown = false;
    this.refresh();
    if (selected !== null) player.select(selected);
  }

  // The graphs of another activation, in the same pictures.
  take(graphs) {
    this.graphs = graphs;
    this.scenes.clear();
    this.page.redraw();
  }

  // The player shows the chosen example.
  refresh() {
    const { player, chosen, examples } = this.page, graph = this.graphOf(chosen);
    if (this.isShown || !graph) return;
    this.isShown = true;
    const { data, local } = this.passOf(chosen);
    player.load(this.picture(examples.graphs[chosen]), graph, data, local);
  }

  // Why a number ran away: the first example whose graph cannot be computed.
  explain(examples) {
    for (const i of examples) {
      const graph = this.graphOf(i);
      if (!graph) continue;
      const { problems } = evaluate(graph, this.leaves(i, graph));
      for (const problem of problems.values()) return `at example ${i}, ${problem}`;
    }
    return "";
  }
}
