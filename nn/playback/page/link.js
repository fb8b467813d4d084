// The state of the page as an address: #epoch=40&lr=0.1&updates=120&point=7&view=graph&step=12. What is made
// anew from the start is named: a set, a moved point, a number of updates. Otherwise the numbers themselves are
// there, unless they are too long for a link.

const LONGEST_FIELD = 8000; // characters: mail and chats cut longer addresses

class Link {
  constructor(page) {
    this.page = page;
    this.isReady = false; // whether the address may be written
    this.waiting = undefined;
  }

  row(i) {
    const { X, Y } = this.page.trainer;
    return [...X[i], ...Y[i]].map(repr).join(" ");
  }

  get isMoved() { // and no more: each point is still one of those that the page or a set has
    const { trainer, sets, examples: { base } } = this.page;
    return trainer.count === base.X.length && (sets.name !== "" || base === trainer.start);
  }

  get data() {
    const { trainer, sets, examples: { base } } = this.page, every = [...trainer.X.keys()];
    const set = sets.name ? { data: sets.name, noise: sets.noise } : {};
    if (!this.isMoved) return unlessLong("rows", every.map((i) => this.row(i)).join("_"));
    const moved = every.filter((i) => String(trainer.X[i]) !== String(base.X[i]) || String(trainer.Y[i]) !== String(base.Y[i]));
    return { ...set, ...Object.fromEntries(moved.map((i) => [`p${i}`, this.row(i)])) };
  }

  get training() {
    const { trainer, isReplayable } = this.page;
    if (!isReplayable) return unlessLong("theta", inLetters(trainer.theta));
    return trainer.updates ? { updates: trainer.updates } : {};
  }

  // What the link does not hold, in words.
  get missing() {
    const { isReplayable, trainer } = this.page;
    const isHere = (fields) => Object.keys(fields).length > 0;
    if (!this.isMoved && !isHere(this.data)) return [`The data are not in it: ${trainer.count} examples are too many for a link.`];
    if (isReplayable) return [];
    return [isHere(this.training) ? "The weights are in it as they are; the optimizer's memory is not."
      : "What was trained with changed data or settings is not in it."];
  }

  readData(fields) {
    const { page } = this, { trainer, width, data } = page;
    const numbers = (text) => {
      const row = text.split(" ").map(Number);
      return row.length === width + data.widths[1] && row.every(Number.isFinite) ? [row.slice(0, width), row.slice(width)] : null;
    };
    const rows = (fields.get("rows") ?? "").split("_").map(numbers).filter(Boolean);
    if (rows.length) page.examples.replace(rows.map(([x]) => x), rows.map(([, y]) => y));
    for (const [key, text] of fields) {
      const [, i] = key.match(/^p(\d+)$/) ?? [], row = numbers(text);
      if (i === undefined || !trainer.X[Number(i)] || !row) continue;
      [trainer.X[Number(i)], trainer.Y[Number(i)]] = row;
      page.examples.isEdited = true;
    }
  }

  readTraining(fields) {
    const { page } = this, { trainer } = page, theta = fromLetters(fields.get("theta") ?? "");
    if (theta.length === trainer.theta.length && theta.every(Number.isFinite)) {
      trainer.theta.set(theta);
      page.isReplayable = false;
    }
    const updates = clamp(Math.round(Number(fields.get("updates")) || 0), 0, 100000);
    for (let k = 0; k < updates && !trainer.stopped; k += 1) trainer.step();
  }

  fields() {
    const { page } = this, { run, player, chosen, isGraph } = page, fields = {};
    if (run) fields.epoch = run.epoch;
    for (const [name, text] of page.settings.changed) fields[name] = text;
    Object.assign(fields, this.training);
    if (chosen || (run && isGraph)) fields.point = chosen;
    Object.assign(fields, this.data);
    if (run && chosen && !isGraph) fields.view = "network";
    if (!run && isGraph) fields.view = "graph";
    if (player.graph && (isGraph || player.edits.changed.size || player.position)) Object.assign(fields, player.fields());
    return fields;
  }

  state() { return "#" + new URLSearchParams(/** @type {any} */ (this.fields())); }

  read() {
    const { page } = this, { run, trainer, sets, settings, player } = page, fields = address();
    if (run) {
      const epoch = Number(fields.get("epoch"));
      run.pause();
      run.at = epoch > 0 ? run.nearest(epoch) : 0;
    }
    page.training.begin();
    this.readSettings(fields, sets, settings);
    page.isReplayable = true;
    this.readData(fields);
    trainer.restartEpoch();
    if (!page.isFrozen) this.readTraining(fields);
    page.chosen = clamp(Math.round(Number(fields.get("point")) || 0), 0, trainer.count - 1);
    page.example.isShown = false;
    page.say("");
    settings.show();
    const view = fields.get("view") ?? (run && fields.has("point") ? "graph" : "network");
    page.view(view === "graph" || !page.network ? "graph" : "network");
    page.example.refresh();
    if (player.graph) player.restore(fields);
    this.isReady = true;
  }

  readSettings(fields, sets, settings) {
    const { activation, data, examples, isFrozen } = this.page;
    activation.choose(fields.get("activation"));
    const noise = clamp(Number(fields.get("noise")) || 0, 0, 0.5), set = fields.get("data") ?? "";
    if (sets.isOffered && Object.hasOwn(data.sets.sets, set)) sets.choose(set, noise);
    else if (examples.isEdited) examples.restore();
    for (const name of ["lr", "batch", "optimizer"]) if (fields.has(name) && !isFrozen) settings.take(name, fields.get(name));
    if (activation.now !== activation.own) settings.changed.set("activation", activation.now);
  }

  // Browsers count how often the address is written: while it trains, and in a burst, it waits.
  remember() {
    const { part, player, training } = this.page;
    if (!this.isReady || training.isPlaying) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => writeAddress(this.fields()), 250);
    part("keep").hidden = !player.edits.changed.size;
  }
}

const unlessLong = (name, text) => (text.length <= LONGEST_FIELD ? { [name]: text } : {});

// Numbers to the last bit, in letters that an address takes as they are.
const inLetters = (numbers) => btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

const fromLetters = (text) => {
  try {
    return floats(text.replace(/-/g, "+").replace(/_/g, "/"));
  } catch {
    return new Float64Array(0); // a link that was cut
  }
};
