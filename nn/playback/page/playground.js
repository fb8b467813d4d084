// The page: data, network and training, and one example in the player. It starts before the first
// update, or after any recorded epoch of a run.

class Playground {
  constructor(data) {
    this.data = data;
    this.isFrozen = !PROGRAMS.loss; // a run to look at, which cannot be trained on
    this.trainer = new Trainer(data, PROGRAMS.loss);
    this.isPlaying = false;
    this.isMarked = false; // whether the points stand where the data say
    this.isReady = false; // whether the address may be written
    this.told = 0; // when the outputs were last told
    this.beat = 0; // of frames as fast as it can: not each draws everything
    this.trainer.explain = (examples) => this.explain(examples);
    this.scale = new Scale(data.scale);
    this.width = data.widths[0];
    this.outputs = data.outputs;
    this.points = [...data.points]; // the graph of each example
    this.graphs = data.graphs;
    this.scenes = new Map();
    this.chosen = 0;
    this.isEdited = false;
    this.isReplayable = true; // whether so many updates from the start lead here
    /** @type {Map<string, string>} */
    this.settled = new Map(); // what was set before the first update
    /** @type {{ X: number[][], Y: number[][] }} */
    this.base = this.trainer.start; // the data before any point was moved
    this.isShown = false; // whether the player shows the numbers of now
    this.player = new Player(document.body, () => this.remember());
    this.player.state = () => this.state();
    this.player.notify = (text) => this.say([text, ...this.link.missing].join(" "));
    this.link = new Link(this);
    this.part = this.player.part;
    this.forward = PROGRAMS.units ? new Forward(data, PROGRAMS.units, this.trainer) : new Recorded(this);
    this.run = find("#run") ? new Run(this, readJson("run")) : null;
    this.curve = new Curve(this.part("curve"));
    this.card = new DataCard(this);
    this.sets = new DataSets(this);
    this.activation = new Activation(this);
    if (data.layers.length) this.network = new Network(this, this.part("net"), readPicture("diagram"));
    document.body.classList.toggle("no-network", !this.network);
    document.body.classList.toggle("frozen", this.isFrozen);
    wireButtons(this);
    publishPlayground(this);
    this.read();
    this.player.onresize = () => this.turn();
  }

  // One example's graph.

  leaves(i, graph) {
    const { trainer } = this, leaves = new Array(graph.inputs.length).fill(0);
    for (const [node, x] of graph.fixed) leaves[node] = number(x);
    for (const [node, place] of graph.parameters) leaves[node] = trainer.theta[place];
    graph.own.forEach((node, k) => {
      if (this.data.own) {
        leaves[node] = number(this.data.own[i][k]);
        return;
      }
      const [which, at] = graph.sources[k] ?? [];
      leaves[node] = which ? (which === "x" ? trainer.X : trainer.Y)[i][at] : number(graph.kept[k]);
    });
    return settled(graph, leaves);
  }

  graphOf(i) { return this.graphs[this.points[i]]; }

  // The pass over an example with the parameters of now: stored, or computed by the rules.
  passOf(i) {
    const stored = this.data.stored?.[i], graph = this.graphOf(i);
    if (!stored || !this.run) return compute(graph, this.leaves(i, graph));
    const { data, local } = stored[this.run.at];
    return { data: data.map(number), local: local.map((row) => row.map((x) => (x === null ? null : number(x)))) };
  }

  // From left to right; in a narrow window from top to bottom.
  picture(index) {
    const name = `${isNarrow() ? "upright" : "across"}-${index}`;
    if (!this.scenes.has(name)) {
      const svg = readPicture(name);
      if (this.graphs !== this.data.graphs) rewrite(svg, this.data.graphs[index], this.graphs[index]);
      this.scenes.set(name, svg);
    }
    return this.scenes.get(name);
  }

  // The window has another size: another picture may fit it, of the same step and node.
  turn() {
    const { player } = this, { selected } = player, index = this.points[this.chosen];
    if (!player.graph || !this.graphOf(this.chosen) || player.scene.svg === this.picture(index)) return;
    this.isShown = false;
    this.refresh();
    if (selected !== null) player.select(selected);
  }

  // The graphs of another activation, in the same pictures.
  takeGraphs(graphs) {
    this.graphs = graphs;
    this.scenes.clear();
    this.isShown = false;
    this.show();
  }

  // The player shows the chosen example.
  refresh() {
    const graph = this.graphOf(this.chosen);
    if (this.isShown || !graph) return;
    this.isShown = true;
    const { data, local } = this.passOf(this.chosen);
    this.player.load(this.picture(this.points[this.chosen]), graph, data, local);
  }

  choose(i) {
    if (i !== this.chosen) {
      this.player.edits.changed.clear();
      this.chosen = i;
    }
    this.isShown = false;
    this.show();
  }

  // A click on a point of a recorded run opens its graph; otherwise one goes on with the data.
  pick(i) {
    this.choose(i);
    if (this.run && this.graphOf(i)) this.view("graph");
  }

  // A unit's scalar nodes, for the chosen example.
  open(label) {
    this.view("graph");
    showNode(this.player, label);
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

  // Data.

  target(y) {
    const [, width] = this.data.widths;
    const numbers = [].concat(y).flat(Infinity);
    if (this.data.isClasses && width > 1 && numbers.length === 1) {
      if (!Number.isInteger(numbers[0]) || numbers[0] < 0 || numbers[0] >= width) {
        throw new Error(`a class is a whole number from 0 to ${width - 1}, but got ${numbers[0]}`);
      }
      return oneHot(numbers[0], width);
    }
    return this.numbers(numbers, width, "y");
  }

  numbers(given, width, name) {
    const numbers = [].concat(given).flat(Infinity);
    if (numbers.length !== width || !numbers.every(Number.isFinite)) {
      throw new Error(`${name} takes ${width} finite number${width === 1 ? "" : "s"}, but got ${JSON.stringify(given)}`);
    }
    return numbers;
  }

  setPoint(i, x, y) {
    const { trainer } = this;
    this.mayChange();
    if (!Number.isInteger(i) || i < 0 || i >= trainer.count) {
      throw new Error(`there is no example ${i}: there are 0 to ${trainer.count - 1}`);
    }
    const row = this.numbers(x, this.width, "x"), target = this.target(y);
    trainer.X[i] = row;
    trainer.Y[i] = target;
    trainer.touch();
    this.edited();
  }

  mayChange() {
    if (this.isFrozen) throw new Error("this page plays a run that cannot be trained on");
  }

  edited() {
    this.isMarked = false;
    this.isEdited = true;
    if (this.trainer.updates) this.isReplayable = false;
    this.isShown = false;
    this.show();
  }

  add([x, y]) {
    const { trainer } = this;
    const target = this.card.brushed();
    if (this.width === 1 && this.scale.kind === "numbers") target[0] = y;
    trainer.X.push(this.width === 1 ? [x] : [x, y]);
    trainer.Y.push(target);
    this.points.push(this.points.find((index) => index !== null) ?? null);
    this.chosen = trainer.count - 1;
    trainer.restartEpoch();
    this.edited();
  }

  remove(i) {
    const { trainer } = this;
    if (trainer.count === 1) {
      this.say("one example is needed at least", true);
      return;
    }
    for (const list of [trainer.X, trainer.Y, this.points]) list.splice(i, 1);
    this.chosen = Math.min(this.chosen, trainer.count - 1);
    trainer.restartEpoch();
    this.edited();
  }

  replaceData(X, Y) {
    const { trainer } = this;
    this.base = { X, Y };
    [trainer.X, trainer.Y] = [X, Y].map((rows) => rows.map((row) => [...row]));
    this.points = X.map(() => this.data.points.find((index) => index !== null) ?? null);
    this.chosen = 0;
    trainer.restartEpoch();
    this.card.view.fit();
    this.edited();
  }

  restoreData() {
    this.trainer.restoreData();
    this.base = this.trainer.start;
    this.sets.name = "";
    this.sets.show();
    this.points = [...this.data.points];
    this.chosen = Math.min(this.chosen, this.trainer.count - 1);
    this.card.view.fit();
    this.edited();
    this.isEdited = false;
    this.show();
  }

  // Numbers typed into the player become the network's and the data's.
  keepEdits() {
    const { graph, edits } = this.player, { trainer } = this;
    const parameters = new Map(graph.parameters);
    for (const [id, x] of edits.changed) {
      if (parameters.has(id)) trainer.theta[parameters.get(id)] = x;
      const [which, at] = graph.sources[graph.own.indexOf(id)] ?? [];
      if (which) (which === "x" ? trainer.X : trainer.Y)[this.chosen][at] = x;
    }
    edits.changed.clear();
    trainer.touch();
    this.isReplayable = false;
    this.edited();
    this.say("The network goes on with these numbers.");
  }

  // Training.

  train(updates) {
    const { trainer } = this;
    this.mayChange();
    if (!Number.isInteger(updates) || updates < 0) throw new Error(`train takes a whole number of updates, but got ${updates}`);
    let loss = updates ? NaN : trainer.gradient(trainer.everyone());
    trainer.stopped = "";
    for (let k = 0; k < updates && !trainer.stopped; k += 1) loss = trainer.step();
    this.trained();
    return loss;
  }

  trained() {
    if (this.trainer.stopped) {
      this.pause();
      this.say(`${this.trainer.stopped}. Nothing was changed by that update. Rewind, and take a lower learning rate than ${short(this.trainer.optimizer.lr)}.`, true);
    } else this.say("");
    this.isShown = false;
    this.show();
  }

  epoch() {
    const { trainer } = this;
    const rest = trainer.order === null || trainer.at >= trainer.count ? trainer.count : trainer.count - trainer.at;
    this.train(Math.ceil(rest / trainer.size));
  }

  rewind() {
    this.run?.pause();
    this.restart();
  }

  // At the recorded epoch.
  begin() {
    if (this.run) this.trainer.start.theta.set(this.run.theta());
    this.restart();
  }

  restart() {
    this.pause();
    this.trainer.rewind();
    this.activation.choose(this.activation.own);
    this.settled.clear();
    this.isReplayable = true;
    this.player.edits.changed.clear();
    this.isShown = false;
    this.say("");
    this.settings();
    this.show();
  }

  play() {
    this.run?.pause();
    this.isPlaying = true;
    this.playing();
    let before = performance.now(), owed = 1, drawing = 4; // ms of a frame
    const frame = (now) => {
      if (!this.isPlaying) return;
      const pace = Number(this.part("pace").value), { trainer } = this;
      owed = Math.min(owed + ((now - before) / 1000) * pace, 60);
      before = now;
      trainer.stopped = "";
      const until = performance.now() + clamp(13 - drawing, 4, 10); // of the 16 of a frame
      let done = 0;
      while ((pace ? owed >= 1 : true) && !trainer.stopped && performance.now() < until) {
        trainer.step();
        owed -= 1;
        done += 1;
      }
      const start = performance.now();
      this.beat = pace ? 0 : this.beat + 1;
      if (done) this.trained();
      drawing += 0.1 * (performance.now() - start - drawing);
      if (this.isPlaying) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.beat = 0;
    this.playing();
    this.say("");
    this.show();
  }

  playing() {
    const button = this.part("train");
    button.dataset.playing = String(this.isPlaying);
    find("span", button).textContent = this.isPlaying ? "Pause" : "Train";
    button.title = this.isPlaying ? "Pause (t)" : "Update after update, until you pause it (t)";
  }

  // What is seen.

  view(name) {
    document.body.dataset.view = name;
    this.player.isHidden = name !== "graph";
    for (const which of ["network", "graph"]) this.part(`view-${which}`).setAttribute("aria-pressed", String(which === name));
    this.show();
  }

  get isGraph() { return document.body.dataset.view === "graph"; }

  show() {
    if (this.isGraph || !this.isPlaying) this.refresh();
    this.paint();
    const { trainer } = this;
    const count = (x) => x.toLocaleString("en");
    this.part("updates").textContent = count(trainer.updates);
    this.part("epochs").textContent = count((this.run?.epoch ?? 0) + trainer.losses.length);
    const loss = trainer.loss ?? this.run?.loss[this.run.epoch - 1];
    this.part("loss").textContent = loss === undefined ? "–" : short(loss);
    this.part("rewind").disabled = !trainer.updates && !trainer.stopped && !this.settled.size && this.isReplayable;
    this.part("restore-data").hidden = !this.isEdited;
    this.part("keep").hidden = !this.player.edits.changed.size;
    if (!this.isPlaying) this.card.fields();
    if (this.beat % 6) return;
    this.curve.draw(trainer.losses, this.run);
    this.run?.show();
    this.remember();
  }

  paint() {
    if (!this.card) return;
    const { view } = this.card, { trainer, forward } = this;
    if (!this.isPlaying || !this.isMarked) view.mark();
    this.isMarked = true;
    if (this.beat % 2) return;
    const grid = this.width <= 2 ? view.grid : null;
    const units = grid ? forward.run(grid.columns, grid.count) : null;
    view.paint(units);
    this.network?.paint(units ?? forward.of([trainer.X[this.chosen]]), grid, this.beat % 6 === 0);
    if (!this.isPlaying || performance.now() - this.told > 200) this.about();
  }

  classOf(y) { return this.data.isClasses && y.length > 1 ? [largest(y)] : y; }

  targetText(y) { return this.classOf(y).map(this.data.isClasses ? String : six).join(", "); }

  about() {
    this.told = performance.now();
    const { trainer, chosen, scale } = this;
    const outputs = this.forward.outputsOf(trainer.X), found = outputs[chosen];
    const right = outputs.map((f, i) => scale.isRight(f, trainer.Y[i]));
    const count = right.filter(Boolean).length;
    this.part("right").textContent = right[0] === undefined ? `${trainer.count} points` : `${count} of ${trainer.count} right`;
    const list = (xs) => (xs.length > 6 ? `${xs.slice(0, 6).map(short).join(", ")}, …` : xs.map(short).join(", "));
    const told = [`output ${list(found)}`];
    if (this.isShown) told.push(`loss ${short(this.player.edits.recorded.data.at(-1))}`);
    const x = this.card.hasFields ? "" : `x = (${list(trainer.X[chosen])}), `;
    this.part("about").textContent = `point ${chosen}: ${x}${told.join(", ")}`;
  }

  say(text, isWarning = false) {
    const host = this.part("said"), told = text || this.situation();
    if (host.textContent !== told) host.textContent = told;
    host.classList.toggle("warning", isWarning);
    this.part("rewind").classList.toggle("offered", isWarning && Boolean(this.trainer.stopped));
  }

  situation() {
    const { run, trainer } = this, start = run ? `epoch ${run.epoch} as it was recorded` : "the very same start";
    if (this.isFrozen) return "A run that has been: move through its epochs, click a point or a unit.";
    if (this.isPlaying) return "Training.";
    if (trainer.updates || !this.isReplayable) return `Paused. Drag a point or change a number, and train on; Rewind leads back to ${start}.`;
    if (!run) return "Nothing is trained yet. Train makes update after update until you pause it.";
    const { kind, moments } = trainer.optimizer;
    return `Epoch ${run.epoch} as it was recorded. Train goes on from here${moments.length ? `; ${kind} starts without memory` : ""}.`;
  }

  tell(text) { this.part("told").textContent = text; }

  // Settings.

  settings() {
    const { optimizer, batch, start } = this.trainer;
    const select = this.part("optimizer");
    if (!select.options.length) {
      const given = this.data.optimizer ?? { kind: "none" };
      select.append(new Option(`${given.kind}, as given`, "given"));
      for (const name of Object.keys(OPTIMIZERS)) select.append(new Option(name, name));
    }
    if (!this.trainer.updates && optimizer.lr === start.optimizer.lr) select.value = "given";
    this.part("lr").value = String(optimizer.lr);
    this.part("batch").value = batch === null ? "" : String(batch);
    this.part("batch").placeholder = `all ${this.trainer.count}`;
    this.part("activation").value = this.activation.now;
    this.sets.show();
  }

  setting(name, text) {
    const { trainer } = this, x = Number(text);
    try {
      this.mayChange();
      if (name === "lr") {
        if (text.trim() === "" || !(x >= 0) || !Number.isFinite(x)) throw new Error(`a learning rate is a number from 0 up, but got ${text || "nothing"}`);
        trainer.optimizer.lr = x;
      } else if (name === "batch") {
        if (text.trim() !== "" && !(Number.isInteger(x) && x >= 1)) throw new Error(`a batch size is a whole number from 1 up, or nothing for all, but got ${text}`);
        trainer.batch = text.trim() === "" ? null : x;
        trainer.restartEpoch();
      } else if (name === "activation") this.activation.choose(text);
      else trainer.choose(text);
      if (trainer.updates) this.isReplayable = false;
      this.settled.set(name, text);
      this.say("");
    } catch (/** @type {any} */ error) {
      this.say(error.message, true);
      this.settings();
    }
    this.part("rewind").disabled = false;
    this.remember();
  }

  save() {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(this.trainer.weights(), null, 1)], { type: "application/json" }));
    link.download = "weights.json";
    document.body.append(link);
    link.click();
    link.remove();
    this.say("weights.json: nn.load_state(model, \"weights.json\") takes it back into Python");
  }

  // The address: #epoch=40&lr=0.1&updates=120&point=7&view=graph&step=12

  fields() {
    const fields = {}, { run } = this;
    if (run) fields.epoch = run.epoch;
    for (const [name, text] of this.settled) fields[name] = text;
    Object.assign(fields, this.link.training);
    if (this.chosen || (run && this.isGraph)) fields.point = this.chosen;
    Object.assign(fields, this.link.data);
    if (run && this.chosen && !this.isGraph) fields.view = "network";
    if (!run && this.isGraph) fields.view = "graph";
    if (this.player.graph && (this.isGraph || this.player.edits.changed.size || this.player.position)) Object.assign(fields, this.player.fields());
    return fields;
  }

  state() { return "#" + new URLSearchParams(/** @type {any} */ (this.fields())); }

  read() {
    const fields = address(), { run } = this;
    if (run) {
      const epoch = Number(fields.get("epoch"));
      run.pause();
      run.at = epoch > 0 ? run.nearest(epoch) : 0;
    }
    this.begin();
    this.activation.choose(fields.get("activation"));
    const noise = clamp(Number(fields.get("noise")) || 0, 0, 0.5), set = fields.get("data") ?? "";
    if (this.data.sets?.sets[set] && this.sets.isOffered) this.sets.choose(set, noise);
    else if (this.isEdited) this.restoreData();
    for (const name of ["lr", "batch", "optimizer"]) if (fields.has(name) && !this.isFrozen) this.setting(name, fields.get(name));
    const { trainer } = this;
    if (this.activation.now !== this.activation.own) this.settled.set("activation", this.activation.now);
    this.isReplayable = true;
    this.link.readData(fields);
    trainer.restartEpoch();
    if (!this.isFrozen) this.link.readTraining(fields);
    this.chosen = clamp(Math.round(Number(fields.get("point")) || 0), 0, trainer.count - 1);
    this.isShown = false;
    this.say("");
    this.settings();
    const view = fields.get("view") ?? (run && fields.has("point") ? "graph" : "network");
    this.view(view === "graph" || !this.network ? "graph" : "network");
    this.refresh();
    if (this.player.graph) this.player.restore(fields);
    this.isReady = true;
  }

  // Browsers count how often the address is written: while it trains, and in a burst, it waits.
  remember() {
    if (!this.isReady || this.isPlaying) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => writeAddress(this.fields()), 250);
    this.part("keep").hidden = !this.player.edits.changed.size;
  }
}

const playground = new Playground(readJson("playground"));
