// The data sets that nn ships, with the reader's noise: the points that nn.datasets makes of seed 0.

class DataSets {
  constructor(page) {
    this.page = page;
    this.name = "";
    this.noise = 0.1;
    const { sets } = page.data, { part } = page;
    this.isOffered = Boolean(sets) && this.kinds.length > 1;
    part("set-row").hidden = !this.isOffered;
    if (!this.isOffered) return;
    part("set").append(new Option("as given", ""), ...Object.keys(sets.sets).map((name) => new Option(name, name)));
    part("set").addEventListener("change", () => this.choose(part("set").value, this.noise));
    part("noise").addEventListener("input", () => this.choose(this.name, Number(part("noise").value)));
  }

  // The targets of the two classes.
  get kinds() {
    const { scale, trainer } = this.page;
    if (scale.isOfClasses) return trainer.widths[1] > 1 ? [0, 1].map((k) => oneHot(k, trainer.widths[1])) : [[0], [1]];
    if (scale.kind !== "sides") return [];
    const levels = trainer.start.Y.map((y) => y[0]);
    return trainer.widths[1] === 1 ? [[Math.min(...levels)], [Math.max(...levels)]] : [];
  }

  choose(name, noise) {
    const { page } = this;
    this.name = name;
    this.noise = noise;
    if (name) page.examples.replace(...this.points(name, noise));
    else page.examples.restore();
    this.show();
  }

  points(name, noise) {
    const { sets, deviations } = this.page.data.sets, [points, y] = sets[name];
    const z = floats(deviations), x = floats(points).map((number, i) => number + noise * z[i]);
    return [inRows(x, 2), y.map((k) => [...this.kinds[k]])];
  }

  show() {
    if (!this.isOffered) return;
    const { part } = this.page;
    part("set").value = this.name;
    part("noise-label").hidden = !this.name;
    part("noise").value = String(this.noise);
    part("noise-number").textContent = this.noise.toFixed(2);
  }
}
