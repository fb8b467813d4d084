// One pass, forward and backward, as a list of frames. Frame 0 is before the first operation.
class Pass {
  constructor(graph, data, local, isDrawn) {
    this.graph = graph;
    this.data = data;
    this.local = local;
    const root = graph.inputs.length - 1;
    /** @type {any[]} */
    this.frames = [{ kind: "start", node: -1, parent: -1 }];
    this.total = 0;
    let index = 0;
    graph.inputs.forEach((inputs, node) => {
      if (!inputs.length) return;
      if (isDrawn(node)) this.frames.push({ kind: "forward", node, parent: -1, index });
      index += 1;
    });
    this.operations = index;
    this.seedFrame = this.frames.length;
    this.frames.push({ kind: "seed", node: root, parent: root, after: graph.seed });
    this.gradient = new Map([[root, graph.seed]]);
    const gradient = this.gradient;
    for (let node = root; node >= 0; node -= 1) {
      if (!gradient.has(node)) continue; // only a condition leads here
      const upstream = gradient.get(node);
      graph.inputs[node].forEach((parent, argument) => {
        if (!graph.receives[node].includes(argument)) return; // a condition, or a wrapped number
        const slope = local[node][argument];
        const contribution = slope * upstream;
        const isFirst = !gradient.has(parent);
        const before = isFirst ? 0 : gradient.get(parent);
        const after = before + contribution;
        gradient.set(parent, after);
        if (isDrawn(node) || isDrawn(parent)) {
          this.frames.push({
            kind: "backward", node, parent, argument, index: this.total,
            local: slope, upstream, contribution, before, after, isFirst,
          });
        }
        this.total += 1;
      });
    }
    this.last = this.frames.length - 1;
    /** @type {number[][]} */
    this.received = graph.inputs.map(() => []);
    this.scale = 0;
    this.frames.forEach((frame, position) => {
      if (frame.kind === "backward") this.received[frame.parent].push(position);
      const size = Math.abs(frame.after);
      if (Number.isFinite(size)) this.scale = Math.max(this.scale, size);
    });
  }

  // The sentence of a frame: texts [class, text] and numbers [class, number].
  /** @returns {[string, string | number][]} */
  parts(position) {
    const { graph, data } = this;
    const frame = this.frames[position];
    const { node, parent, argument } = frame;
    if (frame.kind === "start") {
      const leaves = graph.inputs.filter((x) => !x.length).length - graph.constants.length;
      return [["", `${leaves} ${leaves === 1 ? "leaf has its value" : "leaves have their values"}`],
        ["rule", "; nothing is computed yet"]];
    }
    if (frame.kind === "forward") {
      const pieces = graph.numbers[node].split(/([\ue000-\uf8ff])/);
      const numbers = pieces.flatMap((piece) => {
        if (!/^[\ue000-\uf8ff]$/.test(piece)) return piece ? [["", piece]] : [];
        const code = piece.charCodeAt(0), x = data[graph.inputs[node][code & 0xfff]];
        const isBracketed = code >= 0xf000 && (x < 0 || Object.is(x, -0));
        return isBracketed ? [["", "("], ["", x], ["", ")"]] : [["", x]];
      });
      return [["name", graph.name[node]], ["", " = "], ["rule", graph.expression[node]],
        ["", " = "], ...numbers, ["", " = "], ["after", data[node]]];
    }
    if (frame.kind === "seed") {
      return [["name", graph.name[node] + ".grad"], ["", " = "], ["after", graph.seed],
        ["rule", "   (the seed: where the backward pass starts)"]];
    }
    return [["name", graph.name[parent] + ".grad"], ["", ": "], ["", frame.before],
      ["", " + "], ["local", frame.local], ["", " * "], ["upstream", frame.upstream],
      ["", " = "], ["after", frame.after],
      ["rule", `   (${this.rule(node, argument)}, argument ${argument})`]];
  }

  // `d z / d w = x`
  rule(node, argument) {
    const { name, inputs, partials } = this.graph;
    const partial = partials[node][argument] || six(this.local[node][argument]);
    return `d ${name[node]} / d ${name[inputs[node][argument]]} = ${partial}`;
  }
}
