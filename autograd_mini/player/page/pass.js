// One pass, forward and backward, as a list of frames. Frame 0 is before the first operation.
class Pass {
  constructor(graph, data, local, isDrawn) {
    this.graph = graph;
    this.data = data;
    this.local = local;
    const constants = new Set(graph.constants);
    const root = graph.inputs.length - 1;
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
    const gradient = new Map([[root, graph.seed]]);
    for (let node = root; node >= 0; node -= 1) {
      if (!gradient.has(node)) continue; // only a condition leads here
      const upstream = gradient.get(node);
      graph.inputs[node].forEach((parent, argument) => {
        const slope = local[node][argument];
        if (slope === null) return; // a condition
        const contribution = slope * upstream;
        const isFirst = !gradient.has(parent);
        const before = isFirst ? 0 : gradient.get(parent);
        const after = before + contribution;
        gradient.set(parent, after);
        if (!constants.has(parent) && (isDrawn(node) || isDrawn(parent))) {
          this.frames.push({
            kind: "backward", node, parent, argument, index: this.total,
            local: slope, upstream, contribution, before, after, isFirst,
          });
        }
        if (!constants.has(parent)) this.total += 1;
      });
    }
    this.last = this.frames.length - 1;
    this.received = graph.inputs.map(() => []);
    this.scale = 0;
    this.frames.forEach((frame, position) => {
      if (frame.kind === "backward") this.received[frame.parent].push(position);
      const size = Math.abs(frame.after);
      if (Number.isFinite(size)) this.scale = Math.max(this.scale, size);
    });
  }

  // The sentence of a frame in parts [class, text]; together they are what Python prints.
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
      const operands = graph.inputs[node].map((x) => repr(data[x]));
      const numbers = graph.numbers[node].replace(/[\ue000-\uf8ff]/g, (mark) => {
        const code = mark.charCodeAt(0);
        const text = operands[code & 0xfff];
        return code >= 0xf000 && text.startsWith("-") ? `(${text})` : text;
      });
      return [["name", graph.name[node]], ["", " = "], ["rule", graph.expression[node]],
        ["", ` = ${numbers} = `], ["after", repr(data[node])]];
    }
    if (frame.kind === "seed") {
      return [["name", graph.name[node] + ".grad"], ["", " = "], ["after", repr(graph.seed)],
        ["rule", "   (the seed: where the backward pass starts)"]];
    }
    return [["name", graph.name[parent] + ".grad"], ["", ": "], ["", repr(frame.before)],
      ["", " + "], ["local", repr(frame.local)], ["", " * "], ["upstream", repr(frame.upstream)],
      ["", " = "], ["after", repr(frame.after)],
      ["rule", `   (${graph.rules[node][argument]}, argument ${argument})`]];
  }

  sentence(position) {
    return this.parts(position).map(([, text]) => text).join("");
  }
}
