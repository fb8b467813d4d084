// The playground's buttons, fields and keys.

function wireButtons(page) {
  const { part, training } = page;
  const lines = (shows) => {
    if (!page.network) return;
    page.network.shows = shows;
    for (const which of ["weights", "gradients"]) part(`lines-${which}`).setAttribute("aria-pressed", String(which === shows));
    page.paint();
  };
  const actions = {
    rewind: () => training.rewind(),
    train: () => (training.isPlaying ? training.pause() : training.play()),
    "one-update": () => { training.pause(); training.train(1); },
    "one-epoch": () => { training.pause(); training.epoch(); },
    "view-network": () => page.view("network"),
    "view-graph": () => page.view("graph"),
    "lines-weights": () => lines("weights"),
    "lines-gradients": () => lines("gradients"),
    keep: () => page.examples.keepEdits(),
    save: () => page.settings.save(),
  };
  for (const [name, action] of Object.entries(actions)) part(name).addEventListener("click", action);
  for (const name of ["lr", "batch", "optimizer", "activation"]) {
    part(name).addEventListener("change", () => page.settings.take(name, part(name).value));
  }
  const keys = {
    t: actions.train, u: actions["one-update"], e: actions["one-epoch"], z: actions.rewind,
    v: () => page.view(page.isGraph ? "network" : "graph"),
    g: () => lines(page.network?.shows === "weights" ? "gradients" : "weights"),
  };
  const { run } = page;
  if (run) {
    Object.assign(keys, { "[": () => run.seek(run.at - 1), "]": () => run.seek(run.at + 1), o: () => run.toggle() });
    part("curve").addEventListener("click", (event) => { run.pause(); run.seek(run.nearest(page.curve.epochAt(event))); });
  }
  if (page.isFrozen) for (const key of ["t", "u", "e", "z", " "]) delete keys[key];
  const elsewhere = { " ": actions.train, "?": () => part("keys").showModal(), l: () => part("link").click() };
  document.addEventListener("keydown", (event) => {
    const target = /** @type {any} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
    if (target.matches("input:not([type=range]), select")) return;
    if (event.key === " " && target.matches("button, summary")) return;
    const action = keys[event.key] ?? (page.isGraph ? undefined : elsewhere[event.key]);
    if (!action) return;
    event.preventDefault();
    action();
  });
  const list = find("dialog dl");
  for (const [key, text] of [["t", "train, pause"], ["u", "one update"], ["e", "one epoch"], ["z", "rewind to the very same start"],
    ["v", "network, or one example"], [", .", "the point before, after; arrows move it, Delete deletes it"], ["g", "lines by weight, or by gradient"],
    ...(run ? [["[ ]", "one recorded epoch back, on"], ["o", "play the recorded epochs"]] : [])].reverse()) {
    const term = make("dt");
    term.append(make("kbd", "", key));
    list.prepend(term, make("dd", "", text));
  }
  page.part("theme").addEventListener("click", () => page.paint());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.paint());
  addEventListener("hashchange", () => page.link.read());
}
