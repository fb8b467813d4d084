// The loss, epoch by epoch.
class Curve {
  constructor(host) {
    this.host = host;
    this.svg = makeSvg("svg", { viewBox: "0 0 300 130", preserveAspectRatio: "none", role: "img" });
    this.path = makeSvg("path");
    this.svg.append(...[12, 112].map((y) => makeSvg("line", { x1: 0, x2: 300, y1: y, y2: y })), this.path);
    this.words = make("div", "words");
    [this.high, this.low, this.end] = ["high", "low", "end"].map((name) => make("span", name));
    this.words.append(this.high, this.low, this.end);
    host.append(this.svg, this.words);
  }

  draw(losses) {
    const known = losses.filter(Number.isFinite);
    this.svg.setAttribute("aria-label", known.length
      ? `Training loss over ${losses.length} epochs, from ${short(known[0])} to ${short(known[known.length - 1])}`
      : "Training loss: nothing is trained yet");
    this.path.setAttribute("d", "");
    if (!known.length) {
      this.high.textContent = this.low.textContent = "";
      this.end.textContent = "the training loss comes here";
      return;
    }
    let least = Infinity, most = -Infinity;
    for (const x of known) [least, most] = [Math.min(least, x), Math.max(most, x)];
    const isLog = least > 0 && most / least > 20, level = (y) => (isLog ? Math.log(y) : y);
    const [low, high] = [level(least), level(most)];
    const stride = Math.max(1, Math.floor(losses.length / 600)), last = losses.length - 1;
    let d = "";
    for (let i = 0; i <= last; i += i + stride > last && i < last ? last - i : stride) {
      const x = last ? (300 * i) / last : 0;
      const y = 12 + 100 * (high > low ? 1 - (level(losses[i]) - low) / (high - low) : 0.5);
      d += `${d ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
    }
    this.path.setAttribute("d", d);
    this.high.textContent = short(most);
    this.low.textContent = short(least) + (isLog ? "  log scale" : "");
    this.end.textContent = `training loss, ${losses.length.toLocaleString("en")} epoch${losses.length === 1 ? "" : "s"}`;
  }
}
