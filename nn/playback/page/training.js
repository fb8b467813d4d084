// Training in the reader's hands: one update, one epoch, play, pause, and back to the start.

const FRAME = 13; // ms of the 16 between two frames; what drawing needs of them is not trained

class Training {
  constructor(page) {
    this.page = page;
    this.isPlaying = false;
    this.beat = 0; // of frames as fast as it can: not each draws everything
    page.trainer.explain = (examples) => page.example.explain(examples);
  }

  train(updates) {
    const { page } = this, { trainer } = page;
    page.mayChange();
    if (!Number.isInteger(updates) || updates < 0) throw new Error(`train takes a whole number of updates, but got ${updates}`);
    let loss = updates ? NaN : trainer.gradient(trainer.everyone());
    trainer.stopped = "";
    for (let k = 0; k < updates && !trainer.stopped; k += 1) loss = trainer.step();
    this.trained();
    return loss;
  }

  trained() {
    const { page } = this, { stopped, optimizer } = page.trainer;
    if (stopped) {
      this.pause();
      page.say(`${stopped}. Nothing was changed by that update. Rewind, and take a lower learning rate than ${short(optimizer.lr)}.`, true);
    } else page.say("");
    page.redraw();
  }

  epoch() {
    const { trainer } = this.page;
    const rest = trainer.order === null || trainer.at >= trainer.count ? trainer.count : trainer.count - trainer.at;
    this.train(Math.ceil(rest / trainer.size));
  }

  rewind() {
    this.page.run?.pause();
    this.restart();
  }

  // At the recorded epoch.
  begin() {
    const { run, trainer } = this.page;
    if (run) trainer.start.theta.set(run.theta());
    this.restart();
  }

  restart() {
    const { page } = this;
    this.pause();
    page.trainer.rewind();
    page.activation.choose(page.activation.own);
    page.settings.changed.clear();
    page.isReplayable = true;
    page.player.edits.changed.clear();
    page.say("");
    page.settings.show();
    page.redraw();
  }

  play() {
    const { page } = this, { trainer } = page;
    page.run?.pause();
    this.isPlaying = true;
    this.button();
    let before = performance.now(), owed = 1, drawing = 4; // ms of a frame
    const frame = (now) => {
      if (!this.isPlaying) return;
      const pace = Number(page.part("pace").value);
      owed = Math.min(owed + ((now - before) / 1000) * pace, 60);
      before = now;
      trainer.stopped = "";
      const until = performance.now() + clamp(FRAME - drawing, 4, 10);
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
    this.button();
    this.page.say("");
    this.page.show();
  }

  button() {
    const button = this.page.part("train");
    button.dataset.playing = String(this.isPlaying);
    find("span", button).textContent = this.isPlaying ? "Pause" : "Train";
    button.title = this.isPlaying ? "Pause (t)" : "Update after update, until you pause it (t)";
  }
}
