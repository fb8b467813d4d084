// The page: data, network and training, and one example in the player. It starts before the first
// update, or after any recorded epoch of a run.

class Playground {
  constructor(data) {
    this.data = data;
    this.width = data.widths[0];
    this.outputs = data.outputs;
    this.scale = new Scale(data.scale);
    this.isFrozen = !PROGRAMS.loss; // a run to look at, which cannot be trained on
    this.isReplayable = true; // whether so many updates from the start lead here
    this.isMarked = false; // whether the points stand where the data say
    this.told = 0; // when the outputs were last told
    this.chosen = 0;
    this.trainer = new Trainer(data, PROGRAMS.loss);
    this.training = new Training(this);
    this.settings = new Settings(this);
    this.examples = new Examples(this);
    this.example = new Example(this);
    this.link = new Link(this);
    this.player = new Player(document.body, () => this.link.remember());
    this.player.state = () => this.link.state();
    this.player.notify = (text) => this.say([text, ...this.link.missing].join(" "));
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
    this.link.read();
    this.player.onresize = () => this.example.turn();
  }

  mayChange() {
    if (this.isFrozen) throw new Error("this page plays a run that cannot be trained on");
  }

  choose(i) {
    if (i !== this.chosen) {
      this.player.edits.changed.clear();
      this.chosen = i;
    }
    this.redraw();
  }

  // A click on a point of a recorded run opens its graph; otherwise one goes on with the data.
  pick(i) {
    this.choose(i);
    if (this.run && this.example.graphOf(i)) this.view("graph");
  }

  // A unit's scalar nodes, for the chosen example.
  open(label) {
    this.view("graph");
    showNode(this.player, label);
  }

  view(name) {
    document.body.dataset.view = name;
    this.player.isHidden = name !== "graph";
    for (const which of ["network", "graph"]) this.part(`view-${which}`).setAttribute("aria-pressed", String(which === name));
    this.show();
  }

  get isGraph() { return document.body.dataset.view === "graph"; }

  // Numbers are others than those that are seen.
  redraw() {
    this.example.isShown = false;
    this.show();
  }

  show() {
    const { trainer, training, run, part } = this;
    if (this.isGraph || !training.isPlaying) this.example.refresh();
    this.paint();
    const count = (x) => x.toLocaleString("en");
    part("updates").textContent = count(trainer.updates);
    part("epochs").textContent = count((run?.epoch ?? 0) + trainer.losses.length);
    const loss = trainer.loss ?? run?.loss[run.epoch - 1];
    part("loss").textContent = loss === undefined ? "–" : short(loss);
    part("rewind").disabled = !trainer.updates && !trainer.stopped && !this.settings.changed.size && this.isReplayable;
    part("restore-data").hidden = !this.examples.isEdited;
    part("keep").hidden = !this.player.edits.changed.size;
    if (!training.isPlaying) this.card.fields();
    if (training.beat % 6) return;
    this.curve.draw(trainer.losses, run);
    run?.show();
    this.link.remember();
  }

  paint() {
    if (!this.card) return;
    const { trainer, forward, card: { view }, training: { isPlaying, beat } } = this;
    if (!isPlaying || !this.isMarked) view.mark();
    this.isMarked = true;
    if (beat % 2) return;
    const grid = this.width <= 2 ? view.grid : null;
    const units = grid ? forward.run(grid.columns, grid.count) : null;
    view.paint(units);
    this.network?.paint(units ?? forward.of([trainer.X[this.chosen]]), grid, beat % 6 === 0);
    if (!isPlaying || performance.now() - this.told > 200) this.about();
  }

  about() {
    this.told = performance.now();
    const { trainer, chosen, scale } = this;
    const outputs = this.forward.outputsOf(trainer.X), found = outputs[chosen];
    const right = outputs.map((f, i) => scale.isRight(f, trainer.Y[i]));
    const count = right.filter(Boolean).length;
    this.part("right").textContent = right[0] === undefined ? `${trainer.count} points` : `${count} of ${trainer.count} right`;
    const list = (xs) => (xs.length > 6 ? `${xs.slice(0, 6).map(short).join(", ")}, …` : xs.map(short).join(", "));
    const told = [`output ${list(found)}`];
    if (this.example.isShown) told.push(`loss ${short(this.player.edits.recorded.data.at(-1))}`);
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
    if (this.training.isPlaying) return "Training.";
    if (trainer.updates || !this.isReplayable) return `Paused. Drag a point or change a number, and train on; Rewind leads back to ${start}.`;
    if (!run) return "Nothing is trained yet. Train makes update after update until you pause it.";
    const { kind, moments } = trainer.optimizer;
    return `Epoch ${run.epoch} as it was recorded. Train goes on from here${moments.length ? `; ${kind} starts without memory` : ""}.`;
  }

  tell(text) { this.part("told").textContent = text; }
}

const playground = new Playground(readJson("playground"));
