// Data and training in the address. What is made anew from the start is named: a set, a moved point,
// a number of updates. Otherwise the numbers themselves are there, unless they are too long for a link.

const LONGEST_FIELD = 8000; // characters: mail and chats cut longer addresses

class Link {
  constructor(page) { this.page = page; }

  row(i) {
    const { X, Y } = this.page.trainer;
    return [...X[i], ...Y[i]].map(repr).join(" ");
  }

  get isMoved() { // and no more: each point is still one of those that the page or a set has
    const { trainer, base, sets } = this.page;
    return trainer.count === base.X.length && (sets.name !== "" || base === trainer.start);
  }

  get data() {
    const { trainer, base, sets } = this.page, every = [...trainer.X.keys()];
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
    if (rows.length) page.replaceData(rows.map(([x]) => x), rows.map(([, y]) => y));
    for (const [key, text] of fields) {
      const [, i] = key.match(/^p(\d+)$/) ?? [], row = numbers(text);
      if (i === undefined || !trainer.X[Number(i)] || !row) continue;
      [trainer.X[Number(i)], trainer.Y[Number(i)]] = row;
      page.isEdited = true;
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
