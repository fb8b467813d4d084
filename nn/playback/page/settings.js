// What the reader sets: learning rate, optimizer, batch size, activation; and weights as a file.

class Settings {
  constructor(page) {
    this.page = page;
    /** @type {Map<string, string>} */
    this.changed = new Map(); // what was set since the start
  }

  show() {
    const { part, data, trainer, activation, sets } = this.page, { optimizer, batch, start } = trainer;
    const select = part("optimizer");
    if (!select.options.length) {
      const given = data.optimizer ?? { kind: "none" };
      select.append(new Option(`${given.kind}, as given`, "given"));
      for (const name of Object.keys(OPTIMIZERS)) select.append(new Option(name, name));
    }
    if (!trainer.updates && optimizer.lr === start.optimizer.lr) select.value = "given";
    part("lr").value = String(optimizer.lr);
    part("batch").value = batch === null ? "" : String(batch);
    part("batch").placeholder = `all ${trainer.count}`;
    part("activation").value = activation.now;
    sets.show();
  }

  take(name, text) {
    const { page } = this;
    try {
      page.mayChange();
      this.apply(name, text);
      if (page.trainer.updates) page.isReplayable = false;
      this.changed.set(name, text);
      page.say("");
    } catch (/** @type {any} */ error) {
      page.say(error.message, true);
      this.show();
    }
    page.part("rewind").disabled = false;
    page.link.remember();
  }

  apply(name, text) {
    const { trainer, activation } = this.page, x = Number(text), isGiven = text.trim() !== "";
    if (name === "lr") {
      if (!isGiven || !(x >= 0) || !Number.isFinite(x)) throw new Error(`a learning rate is a number from 0 up, but got ${text || "nothing"}`);
      trainer.optimizer.lr = x;
    } else if (name === "batch") {
      if (isGiven && !(Number.isInteger(x) && x >= 1)) throw new Error(`a batch size is a whole number from 1 up, or nothing for all, but got ${text}`);
      trainer.batch = isGiven ? x : null;
      trainer.restartEpoch();
    } else if (name === "activation") activation.choose(text);
    else trainer.choose(text);
  }

  save() {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(this.page.trainer.weights(), null, 1)], { type: "application/json" }));
    link.download = "weights.json";
    document.body.append(link);
    link.click();
    link.remove();
    this.page.say("weights.json: nn.load_state(model, \"weights.json\") takes it back into Python");
  }
}
