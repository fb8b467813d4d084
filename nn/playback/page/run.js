// A recorded run: the weights after some of its epochs, each a place to train on from.

class Run {
  constructor(page, { epochs, weights, loss, validation }) {
    this.page = page;
    this.epochs = epochs;
    this.loss = loss.map(number);
    this.validation = validation.map(number);
    this.weights = floats(weights);
    this.size = this.weights.length / epochs.length;
    this.at = 0;
    this.timer = undefined;
    page.part("run-row").hidden = false;
    this.wire();
  }

  get epoch() { return this.epochs[this.at]; }

  get last() { return this.epochs.length - 1; }

  // The weights at a place of the run.
  theta(at = this.at) { return this.weights.subarray(at * this.size, (at + 1) * this.size); }

  nearest(epoch) {
    const away = this.epochs.map((x) => Math.abs(x - epoch));
    return away.indexOf(Math.min(...away));
  }

  // What was trained from here on is left, and so are numbers that were changed.
  seek(at) {
    this.at = clamp(Math.round(at), 0, this.last);
    this.page.training.begin();
  }

  get isPlaying() { return this.timer !== undefined; }

  play() {
    if (this.at === this.last) this.seek(0);
    this.timer = setInterval(() => {
      this.seek(this.at + 1);
      if (this.at === this.last) this.pause();
    }, 160);
    this.show();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.show();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  show() {
    const { page } = this, slider = page.part("epoch"), button = page.part("epoch-play");
    slider.value = String(this.at);
    slider.setAttribute("aria-valuetext", `epoch ${this.epoch}`);
    const said = [`epoch ${this.epoch.toLocaleString("en")} of ${this.epochs[this.last].toLocaleString("en")}`];
    const tell = (name, curve) => {
      const y = curve[this.epoch - 1];
      if (y !== undefined) said.push(`${name} ${short(y)}`);
    };
    tell("loss", this.loss);
    tell("validation", this.validation);
    page.part("epoch-loss").textContent = said.join(" · ");
    button.dataset.playing = String(this.isPlaying);
    const what = this.isPlaying ? "Pause the epochs" : "Play the epochs";
    button.setAttribute("aria-label", what);
    button.title = `${what} (o)`;
  }

  wire() {
    const { page } = this, slider = page.part("epoch");
    slider.max = String(this.last);
    slider.addEventListener("input", () => {
      const at = Number(slider.value);
      this.pause();
      this.seek(at);
    });
    page.part("epoch-play").addEventListener("click", () => this.toggle());
    calm.addEventListener("change", () => calm.matches && this.isPlaying && this.pause());
  }
}
