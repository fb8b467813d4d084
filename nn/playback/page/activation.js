// The activation of the hidden layers: a graph keeps its shape, and other rules take their place.

class Activation {
  constructor(page) {
    this.page = page;
    const { activation, activations } = page.data;
    this.own = this.now = activation ?? "";
    this.known = new Map([[this.own, page.data.graphs]]);
    const select = page.part("activation");
    const names = [this.own, ...Object.keys(activations ?? {})];
    page.part("activation-row").hidden = names.length < 2;
    select.append(...names.map((name) => new Option(name, name)));
  }

  get names() { return [...this.page.part("activation").options].map((option) => option.value); }

  program(kind) { return PROGRAMS[this.now === this.own ? kind : `${kind}_${this.now}`]; }

  async choose(name) {
    if (!this.names.includes(name) || name === this.now) return;
    const { page } = this;
    if (!this.known.has(name)) this.known.set(name, JSON.parse(await unpacked(page.data.activations[name])));
    page.network?.rename(this.now, name);
    this.now = name;
    page.part("activation").value = name;
    page.trainer.use(this.program("loss"));
    page.forward.use(this.program("units"));
    page.takeGraphs(this.known.get(name));
  }
}

// What a box computes, where another rule has taken its place.
function rewrite(svg, before, after) {
  after.op.forEach((op, id) => {
    if (op === before.op[id]) return;
    const title = find(`#n${id} text.title`, svg);
    if (title) title.textContent = title.textContent.replace(`= ${before.op[id]}`, `= ${op}`);
  });
}
