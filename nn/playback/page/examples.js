// The examples as readers change them: moved, added, deleted, loaded, taken from a set.

class Examples {
  constructor(page) {
    this.page = page;
    this.graphs = [...page.data.points]; // which graph each has; null for none
    this.isEdited = false;
    /** @type {{ X: number[][], Y: number[][] }} */
    this.base = page.trainer.start; // the data before any point was moved
  }

  numbers(given, width, name) {
    const numbers = [].concat(given).flat(Infinity);
    if (numbers.length !== width || !numbers.every(Number.isFinite)) {
      throw new Error(`${name} takes ${width} finite number${width === 1 ? "" : "s"}, but got ${JSON.stringify(given)}`);
    }
    return numbers;
  }

  target(y) {
    const { data } = this.page, [, width] = data.widths;
    const numbers = [].concat(y).flat(Infinity);
    if (data.isClasses && width > 1 && numbers.length === 1) {
      if (!Number.isInteger(numbers[0]) || numbers[0] < 0 || numbers[0] >= width) {
        throw new Error(`a class is a whole number from 0 to ${width - 1}, but got ${numbers[0]}`);
      }
      return oneHot(numbers[0], width);
    }
    return this.numbers(numbers, width, "y");
  }

  classOf(y) { return this.page.data.isClasses && y.length > 1 ? [largest(y)] : y; }

  targetText(y) { return this.classOf(y).map(this.page.data.isClasses ? String : six).join(", "); }

  set(i, x, y) {
    const { trainer, width } = this.page;
    this.page.mayChange();
    if (!Number.isInteger(i) || i < 0 || i >= trainer.count) {
      throw new Error(`there is no example ${i}: there are 0 to ${trainer.count - 1}`);
    }
    const row = this.numbers(x, width, "x"), target = this.target(y);
    trainer.X[i] = row;
    trainer.Y[i] = target;
    trainer.touch();
    this.changed();
  }

  changed() {
    const { page } = this;
    page.isMarked = false;
    this.isEdited = true;
    if (page.trainer.updates) page.isReplayable = false;
    page.redraw();
  }

  // The graph of an example that is new: what compiles has one for all numbers.
  get graph() { return this.page.data.points.find((index) => index !== null) ?? null; }

  add([x, y]) {
    const { page } = this, { trainer, width } = page;
    const target = page.card.brushed();
    if (width === 1 && page.scale.kind === "numbers") target[0] = y;
    trainer.X.push(width === 1 ? [x] : [x, y]);
    trainer.Y.push(target);
    this.graphs.push(this.graph);
    page.chosen = trainer.count - 1;
    trainer.restartEpoch();
    this.changed();
  }

  remove(i) {
    const { page } = this, { trainer } = page;
    if (trainer.count === 1) {
      page.say("one example is needed at least", true);
      return;
    }
    for (const list of [trainer.X, trainer.Y, this.graphs]) list.splice(i, 1);
    page.chosen = Math.min(page.chosen, trainer.count - 1);
    trainer.restartEpoch();
    this.changed();
  }

  replace(X, Y) {
    const { page } = this, { trainer } = page;
    this.base = { X, Y };
    [trainer.X, trainer.Y] = [X, Y].map((rows) => rows.map((row) => [...row]));
    this.graphs = X.map(() => this.graph);
    page.chosen = 0;
    trainer.restartEpoch();
    page.card.view.fit();
    this.changed();
  }

  restore() {
    const { page } = this, { trainer } = page;
    trainer.restoreData();
    this.base = trainer.start;
    page.sets.name = "";
    page.sets.show();
    this.graphs = [...page.data.points];
    page.chosen = Math.min(page.chosen, trainer.count - 1);
    page.card.view.fit();
    this.changed();
    this.isEdited = false;
    page.show();
  }

  // Numbers typed into the player become the network's and the data's.
  keepEdits() {
    const { page } = this, { trainer, chosen } = page, { graph, edits } = page.player;
    const parameters = new Map(graph.parameters);
    for (const [id, x] of edits.changed) {
      if (parameters.has(id)) trainer.theta[parameters.get(id)] = x;
      const [which, at] = graph.sources[graph.own.indexOf(id)] ?? [];
      if (which) (which === "x" ? trainer.X : trainer.Y)[chosen][at] = x;
    }
    edits.changed.clear();
    trainer.touch();
    page.isReplayable = false;
    this.changed();
    page.say("The network goes on with these numbers.");
  }
}

const oneHot = (k, count) => Array.from({ length: count }, (_, i) => Number(i === k));
