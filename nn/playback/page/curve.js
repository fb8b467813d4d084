// The loss, epoch by epoch: of a run that was recorded, and of what is trained here.
class Curve {
  constructor(host) {
    this.host = host;
    this.svg = makeSvg("svg", { viewBox: "0 0 300 130", preserveAspectRatio: "none", role: "img" });
    this.paths = new Map();
    this.last = 1; // epoch
    this.now = makeSvg("line", { class: "now", y1: 8, y2: 116 });
    this.svg.append(...[12, 112].map((y) => makeSvg("line", { x1: 0, x2: 300, y1: y, y2: y })), this.now);
    this.words = make("div", "words");
    this.high = make("span", "high");
    this.low = make("span", "low");
    this.end = make("span", "end");
    this.words.append(this.high, this.low, this.end);
    host.append(this.svg, this.words);
  }

  /**
   * `trained` begins after the epoch of `run`, which was recorded.
   * @param {number[]} trained
   * @param {Run | null} run
   */
  draw(trained, run) {
    const from = run?.epoch ?? 0;
    this.host.classList.toggle("of-run", Boolean(run));
    /** @type {[string, number, number[]][]} */
    const series = [["validation", 1, run?.validation ?? []], ["recorded", 1, run?.loss ?? []],
      ["trained", from + 1, trained]];
    const known = series.flatMap(([, , losses]) => losses).filter(Number.isFinite);
    for (const path of this.paths.values()) path.setAttribute("d", "");
    this.now.setAttribute("visibility", run && known.length ? "visible" : "hidden");
    if (!known.length) {
      this.high.textContent = this.low.textContent = "";
      this.end.textContent = "the training loss comes here";
      this.svg.setAttribute("aria-label", "Training loss: nothing is trained yet");
      return;
    }
    let least = Infinity, most = -Infinity;
    for (const x of known) [least, most] = [Math.min(least, x), Math.max(most, x)];
    const isLog = least > 0 && most / least > 20, level = (y) => (isLog ? Math.log(y) : y);
    const [low, high] = [level(least), level(most)];
    const last = Math.max(...series.map(([, first, losses]) => first + losses.length - 1), 1);
    this.last = last;
    const across = (epoch) => (last > 1 ? (300 * (epoch - 1)) / (last - 1) : 0);
    const up = (y) => 12 + 100 * (high > low ? 1 - (level(y) - low) / (high - low) : 0.5);
    for (const [kind, first, losses] of series) this.path(kind).setAttribute("d", line(losses, first, across, up));
    const x = String(across(Math.max(from, 1)));
    this.now.setAttribute("x1", x);
    this.now.setAttribute("x2", x);
    this.high.textContent = short(most) + (isLog ? "  log scale" : "");
    this.low.textContent = short(least);
    const epochs = (count) => `${count.toLocaleString("en")} epoch${count === 1 ? "" : "s"}`;
    this.end.replaceChildren(run ? "recorded" : epochs(trained.length));
    if (run?.validation.length) this.end.append(make("i", "", " validation"));
    if (run && trained.length) this.end.append(make("b", "", " trained on"));
    this.svg.setAttribute("aria-label", run
      ? `Loss over ${epochs(run.loss.length)} as recorded, from ${short(run.loss[0])} to ${short(run.loss[run.loss.length - 1])}; shown is epoch ${from}`
      : `Training loss over ${epochs(trained.length)}, from ${short(known[0])} to ${short(known[known.length - 1])}`);
  }

  path(kind) {
    if (!this.paths.has(kind)) {
      this.paths.set(kind, makeSvg("path", { class: kind }));
      this.now.before(this.paths.get(kind));
    }
    return this.paths.get(kind);
  }

  // The epoch at a place of the curve.
  epochAt(event) {
    const { left, width } = this.svg.getBoundingClientRect();
    return 1 + clamp((event.clientX - left) / width, 0, 1) * (this.last - 1);
  }
}

// A path through some hundred of the losses, the last among them; it has a gap where one is no number.
function line(losses, first, across, up) {
  const stride = Math.max(1, Math.floor(losses.length / 600)), last = losses.length - 1;
  let d = "", pen = "M";
  for (let i = 0; i <= last; i += i + stride > last && i < last ? last - i : stride) {
    if (Number.isFinite(losses[i])) {
      d += `${pen}${across(first + i).toFixed(1)},${up(losses[i]).toFixed(1)}`;
      pen = "L";
    } else pen = "M";
  }
  return d;
}
