// The data card: the chosen point's numbers, new points, a CSV, and what was changed.
class DataCard {
  constructor(page) {
    this.page = page;
    this.part = page.part;
    const { width } = page, map = this.part("map");
    this.view = width <= 2 ? new Points(page, map) : new List(page, map);
    this.isPlane = width <= 2;
    this.wire();
  }

  // Whether the chosen point's inputs stand in fields.
  get hasFields() { return this.page.width <= 4; }

  get kinds() {
    const { scale, trainer } = this.page;
    if (scale.isOfClasses && trainer.widths[1] > 1) return trainer.Y[0].map((_, k) => k);
    if (scale.isOfClasses || scale.kind === "sides") return [...new Set(trainer.Y.map((y) => y[0]))].sort((a, b) => a - b);
    return [];
  }

  wire() {
    const { part, page } = this;
    const kinds = this.kinds, brush = part("brush");
    brush.append(...kinds.map((k) => new Option(`${page.data.isClasses ? "class " : "target "}${short(k)}`, String(k))));
    part("brush").hidden = !kinds.length;
    part("add-hint").hidden = !this.isPlane;
    part("delete-point").addEventListener("click", () => page.examples.remove(page.chosen));
    part("restore-data").addEventListener("click", () => page.examples.restore());
    part("csv").addEventListener("change", () => {
      const [file] = part("csv").files;
      if (file) this.read(file);
      part("csv").value = "";
    });
    part("load-csv").addEventListener("click", () => part("csv").click());
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (file) this.read(file);
    });
    part("point-fields").addEventListener("change", () => this.take());
    part("point-fields").addEventListener("submit", (event) => { event.preventDefault(); this.take(); });
  }

  // The target of a new point, chosen beside the plane or as the point's next to it.
  brushed() {
    const { trainer, data, chosen } = this.page, text = this.part("brush").value;
    if (text === "") return [...trainer.Y[Math.max(chosen, 0)]];
    return data.isClasses && trainer.widths[1] > 1 ? oneHot(Number(text), trainer.widths[1]) : [Number(text)];
  }

  async read(file) {
    try {
      this.page.examples.replace(...parseCsv(await file.text(), this.page));
      this.page.say(`${file.name}: ${this.page.trainer.count} examples`);
    } catch (/** @type {any} */ error) {
      this.page.say(`${file.name} was not taken: ${error.message}`, true);
    }
  }

  // The fields of the chosen point.
  fields() {
    const { page } = this, { trainer, chosen } = page, host = this.part("point-fields");
    const x = trainer.X[chosen], y = trainer.Y[chosen];
    if (host.contains(document.activeElement)) return;
    const field = (name, text) => {
      const label = make("label", name[0] === "x" ? "" : "target", name), input = make("input");
      input.inputMode = "decimal";
      input.name = name;
      input.value = text;
      label.append(input);
      return label;
    };
    host.replaceChildren(
      ...(this.hasFields ? x.map((number, i) => field(x.length > 1 ? `x${i + 1}` : "x", six(number))) : []),
      ...(y.length === 1 || page.data.isClasses ? [field(page.data.isClasses ? "class" : "y", page.examples.targetText(y))] : []),
    );
  }

  // Six digits are shown: what was not changed keeps all of its own.
  take() {
    const { page } = this, { trainer, chosen } = page;
    const texts = [...this.part("point-fields").querySelectorAll("input")].map((input) => [input.name, input.value]);
    const x = [...trainer.X[chosen]];
    let y = trainer.Y[chosen];
    try {
      for (const [name, text] of texts) {
        if (text.trim() === "" || !Number.isFinite(Number(text))) throw new Error(`${name} is a number, but got ${text || "nothing"}`);
        const i = Number(name.slice(1) || 1) - 1;
        if (name[0] !== "x") y = text === page.examples.targetText(y) ? y : page.examples.target(Number(text));
        else if (text !== six(x[i])) x[i] = Number(text);
      }
      page.examples.set(chosen, x, y);
    } catch (/** @type {any} */ error) {
      page.say(error.message, true);
    }
  }
}

// Rows of inputs and then targets; a first line of names is passed over.
function parseCsv(text, page) {
  const [wx, wy] = page.trainer.widths, isClass = page.data.isClasses && wy > 1;
  const wanted = wx + (isClass ? 1 : wy);
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  const cells = lines.map((line) => line.split(/[,;\t]/).map((cell) => (cell.trim() === "" ? NaN : Number(cell))));
  if (cells.length && cells[0].every(Number.isNaN)) cells.shift();
  if (!cells.length) throw new Error("it has no rows of numbers");
  cells.forEach((row, i) => {
    const line = i + 1;
    if (row.length !== wanted) throw new Error(`row ${line} has ${row.length} columns; needed are ${wx} for x and ${wanted - wx} for y`);
    const gap = row.findIndex((x) => !Number.isFinite(x));
    if (gap >= 0) throw new Error(`row ${line}, column ${gap + 1} is no number`);
  });
  return [cells.map((row) => row.slice(0, wx)), cells.map((row) => (isClass ? page.examples.target(row[wx]) : row.slice(wx)))];
}
