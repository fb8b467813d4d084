// The activation of the hidden layers: a graph keeps its shape, and other rules take their place.

class Activation {
  constructor(page) {
    this.page = page;
    const { activation, activations } = page.data;
    this.own = this.now = activation ?? "";
    this.known = new Map([[this.own, page.data.graphs]]);
    const select = page.part("activation");
    const names = [this.own, ...(activations ?? [])];
    page.part("activation-row").hidden = names.length < 2;
    select.append(...names.map((name) => new Option(name, name)));
  }

  get names() { return [...this.page.part("activation").options].map((option) => option.value); }

  program(kind) { return PROGRAMS[this.now === this.own ? kind : `${kind}_${this.now}`]; }

  choose(name) {
    if (!this.names.includes(name) || name === this.now) return;
    const { page } = this;
    if (!this.known.has(name)) this.known.set(name, this.read(name));
    page.network?.rename(this.now, name);
    this.now = name;
    page.part("activation").value = name;
    page.trainer.use(this.program("loss"));
    page.forward.use(this.program("units"));
    page.example.take(this.known.get(name));
  }

  // Its graphs; its programs come in among the others.
  read(name) {
    const { graphs: changes, code } = readJson(`activation-${name}`), script = make("script", "", code);
    document.head.append(script);
    script.remove();
    return changes.map(({ places, whole }, i) => {
      const graph = { ...this.page.data.graphs[i], ...whole };
      for (const [key, found] of Object.entries(places)) {
        graph[key] = [...graph[key]];
        for (const [at, value] of found) graph[key][at] = value;
      }
      return graph;
    });
  }
}

// The picture of a graph for another, which differs in rules and in constants, which are not drawn.
function rewrite(svg, before, after) {
  const shown = (graph) => [...graph.inputs.keys()].filter((id) => !graph.constants.includes(id));
  const ids = shown(after), now = new Map(shown(before).map((id, i) => [id, ids[i]]));
  const renamed = (id) => String(now.get(Number(id)) ?? id);
  for (const edge of svg.querySelectorAll("g.edge")) edge.id = edge.id.replace(/^e(\d+)/, (_, id) => `e${renamed(id)}`);
  const boxes = [...svg.querySelectorAll("g.node")].filter((box) => /^n\d+$/.test(box.id));
  for (const box of boxes) {
    const id = Number(box.id.slice(1)), next = Number(renamed(id)), title = find("text.title", box);
    box.id = `n${next}`;
    if (!before.label[id]) title.textContent = title.textContent.replace(/\bn(\d+)\b/g, (_, x) => `n${renamed(x)}`);
    if (before.op[id] === after.op[next]) continue;
    title.textContent = title.textContent.replace(`= ${before.op[id]}`, `= ${after.op[next]}`);
    squeeze(title, Number(find("rect", box).getAttribute("width")) - 8);
  }
}

// A text that is too long for its box is set in narrower letters.
function squeeze(text, room) {
  const letter = 7.6; // pixels, in the type of titles
  if (letter * text.textContent.length <= room) return;
  text.setAttribute("textLength", String(room));
  text.setAttribute("lengthAdjust", "spacingAndGlyphs");
}
