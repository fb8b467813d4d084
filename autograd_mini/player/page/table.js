// The table of all boxes, and the search in it.
class Table {
  constructor(player) {
    this.player = player;
    this.body = player.part("rows");
    /** @type {Map<number, any>} */
    this.rows = new Map();
    /** @type {number[]} */
    this.matches = [];
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row) return;
      player.select(Number(row.dataset.id));
      player.scene.reveal([player.selected]);
    });
  }

  // Leaves first, then what is computed; those with a label before the others.
  load() {
    const { graph, scene } = this.player;
    const rank = (id) => (graph.inputs[id].length ? 2 : 0) + (graph.label[id] ? 0 : 1);
    const ids = [...scene.boxes.keys()].sort((a, b) => rank(a) - rank(b) || a - b);
    this.rows.clear();
    this.body.replaceChildren(...ids.map((id) => {
      const row = make("tr");
      row.dataset.id = id;
      row.append(make("th", "", brief(graph.name[id])), make("td"), make("td"));
      row.cells[0].scope = "row";
      row.cells[0].title = graph.label[id] || graph.name[id];
      this.rows.set(id, row);
      return row;
    }));
    this.search("");
  }

  search(text) {
    const wanted = text.trim().toLowerCase();
    const { graph, scene } = this.player;
    this.matches = [];
    for (const [id, row] of this.rows) {
      const isMatch = [graph.label[id], graph.op[id], `n${id}`, graph.name[id]]
        .some((x) => x.toLowerCase().includes(wanted));
      row.hidden = !isMatch;
      if (isMatch) this.matches.push(id);
      scene.boxes.get(id).element.classList.toggle("found", Boolean(wanted) && isMatch);
    }
    scene.svg.classList.toggle("searching", Boolean(wanted));
    this.player.part("found").textContent = wanted
      ? `${this.matches.length} of ${this.rows.size}` : `${this.rows.size}`;
  }

  nextMatch(direction) {
    if (!this.matches.length) return;
    const index = this.matches.indexOf(this.player.selected);
    const count = this.matches.length;
    const next = index < 0 ? (direction > 0 ? 0 : count - 1) : (index + direction + count) % count;
    this.player.select(this.matches[next]);
    this.player.scene.reveal([this.player.selected]);
  }
}
