// window.autograd: beside the player's (api.js), which speaks of the chosen example,
//
//   train(updates)        makes updates; the loss before the last of them
//   rewind()              parameters, optimizer and order as at the start; edited data stay
//   weights()             { name: number }
//   gradients()           { name: number }, of the last update
//   setPoint(i, x, y)     X[i] and y[i]
function publishPlayground(page) {
  publish(page.player);
  const /** @type {any} */ player = (/** @type {any} */ (window).autograd);
  const fresh = (name) => (...given) => {
    page.example.refresh();
    return player[name](...given);
  };
  const names = ["set", "go", "value", "why"];
  /** @type {any} */ (window).autograd = {
    ...Object.fromEntries(names.map((name) => [name, fresh(name)])),
    reset: () => {
      page.player.edits.reset();
      if (page.examples.isEdited) page.examples.restore();
    },
    state: () => page.link.state(),
    train: (updates) => { page.training.pause(); return page.training.train(updates); },
    rewind: () => page.training.rewind(),
    weights: () => page.trainer.weights(),
    gradients: () => page.trainer.gradients(),
    setPoint: (i, x, y) => page.examples.set(i, x, y),
  };
}
