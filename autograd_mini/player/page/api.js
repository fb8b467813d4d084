// window.autograd: what a teacher's own script can ask of a page. A node goes by its label, or by
// its id such as "n7".
//
//   set(label, number)    a leaf's data; everything follows
//   reset()               every edit undone
//   go(step)              0 is before anything, n is after n steps, beyond the end is the end
//   value(label)          { data, grad } as of this step; null before they are computed
//   why(label)            where its gradient comes from, as text
//   state()               the address part with its #
function publish(player, more = {}) {
  const node = (label) => {
    const { graph } = player;
    if (!graph) throw new Error("no graph is open");
    let id = graph.label.indexOf(String(label));
    if (id < 0 && /^n\d+$/.test(label) && Number(label.slice(1)) < graph.inputs.length) {
      id = Number(label.slice(1));
    }
    if (id < 0) throw new Error(`no node is called ${label}: give a label or an id from n0 to n${graph.inputs.length - 1}`);
    return id;
  };
  const autograd = {
    set(label, x) {
      const id = node(label);
      if (typeof x !== "number" || !Number.isFinite(x)) throw new Error(`a leaf takes a finite number, but got ${x}`);
      if (player.graph.inputs[id].length) throw new Error(`${label} is computed from others: set a leaf`);
      if (!player.edits.isPossible) throw new Error("this graph has an operation without JavaScript: its numbers are fixed");
      player.edits.set(id, x);
    },
    reset() { player.edits.reset(); },
    go(step) { player.go(step); },
    value(label) {
      const id = node(label);
      return { data: player.dataOf(id) ?? null, grad: player.gradientOf(id) ?? null };
    },
    why(label) { return why(player.pass, node(label)).join("\n"); },
    state() { return player.state(); },
    ...more,
  };
  /** @type {any} */ (window).autograd = autograd;
}
