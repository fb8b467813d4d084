// Buttons, keys and pointers.

function wireControls(player) {
  const { part } = player;
  const camera = () => player.scene.camera;
  const leaf = () => [player.selected, player.hovered].find((id) => player.edits.isField(id)) ?? null;
  const actions = {
    first: () => player.go(0),
    "back-node": () => player.go(player.previousNode()),
    back: () => player.go(player.position - 1),
    play: () => (player.isPlaying ? player.pause() : player.play()),
    next: () => player.go(player.position + 1),
    "next-node": () => player.go(player.nextNode()),
    last: () => player.go(player.pass.last),
    fit: () => camera().fit(),
    reset: () => { camera().isMoved = true; camera().move(camera().view.x, camera().view.y, 1); },
    in: () => camera().zoom(1.25),
    out: () => camera().zoom(0.8),
    follow: () => { player.follow(!camera().isOn); player.remember?.(); },
    break: () => player.toggleBreakpoint(),
    why: () => { player.isAskingWhy = !player.isAskingWhy; player.describe(); },
    pin: () => { player.compare.toggle(); player.describe(); player.remember?.(); },
    quiz: () => player.quiz.toggle(),
    undo: () => player.edits.reset(),
    link: () => copyLink(player),
    help: () => part("keys").showModal(),
    theme: () => {
      const style = document.documentElement.style;
      const isDark = style.colorScheme
        ? style.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      style.colorScheme = isDark ? "light" : "dark";
    },
  };
  for (const [name, action] of Object.entries(actions)) {
    part(name).addEventListener("click", () => player.scene && action());
  }
  const slider = player.slider;
  slider.addEventListener("input", () => player.go(Number(slider.value)));

  const search = part("search");
  search.addEventListener("input", () => player.table.search(search.value));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") player.table.nextMatch(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      search.value = "";
      player.table.search("");
      search.blur();
    }
  });

  const nudge = (direction) => (event) => {
    if (leaf() !== null) player.edits.nudge(leaf(), direction, event);
  };
  const keys = {
    ArrowRight: (event) => (event.shiftKey ? actions["next-node"]() : actions.next()),
    ArrowLeft: (event) => (event.shiftKey ? actions["back-node"]() : actions.back()),
    ArrowUp: nudge(1), ArrowDown: nudge(-1),
    Home: actions.first, End: actions.last, " ": actions.play,
    "/": () => { search.focus(); search.select(); },
    f: actions.fit, 0: actions.reset, b: actions.break, "?": actions.help, w: actions.why,
    p: actions.pin, q: actions.quiz, r: actions.undo, l: actions.link, c: actions.follow,
    "+": actions.in, "-": actions.out,
    Escape: () => player.select(null),
  };
  document.addEventListener("keydown", (event) => {
    const target = /** @type {any} */ (event.target), { key } = event;
    const isArrow = key === "ArrowUp" || key === "ArrowDown";
    if (event.ctrlKey || event.metaKey || (event.altKey && !isArrow) || !player.scene || player.isHidden) return;
    if (find("dialog[open]") || target.matches("input:not([type=range]), select")) return;
    if (target.matches("[data-part=epoch]") || (isArrow && leaf() === null)) return;
    if ((key === " " || key === "Enter") && target.matches("button, summary")) return;
    const box = target.closest?.("g.node");
    if (key === "Enter" && box && /^n\d+$/.test(box.id)) {
      player.select(Number(box.id.slice(1)));
      find("[data-part=field]", part("node"))?.select();
      find("[data-part=field]", part("node"))?.focus();
      event.preventDefault();
      return;
    }
    const action = keys[key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });

  const dialog = part("keys");
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  calm.addEventListener("change", () => calm.matches && player.isPlaying && player.pause());
  keepFitted(player);
}

// Until the reader has moved it, the view is fitted anew whenever the frame gets a size. When a line more
// is told below, all of it stays in its place.
function keepFitted(player) {
  const line = 90; // pixels, a line or two
  let width = 0, height = 0;
  const refit = () => {
    if (!player.scene) return;
    player.scene.camera.measure();
    const before = [width, height];
    ({ width, height } = player.scene.camera);
    if (!width || (width === before[0] && height === before[1])) return;
    player.onresize?.();
    const { camera } = player.scene, { x, y, scale } = camera.target;
    const more = height - before[1], isLine = width === before[0] && Math.abs(more) < line;
    const wasWhole = camera.shows(0, before[1]), staysWhole = camera.shows(more / 2 / scale, height);
    if (camera.isMoved) camera.look(x, isLine ? y + more / 2 / scale : y, scale);
    else if (isLine && (staysWhole || !wasWhole)) camera.look(x, y + more / 2 / scale, scale);
    else {
      player.open();
      if (player.position) player.show();
    }
  };
  new ResizeObserver(refit).observe(player.part("graph"));
}

// The old way answers at once, and in a frame as well; the new one may wait for a permission for ever.
async function copyLink(player) {
  const isFramed = location.protocol === "about:"; // in a notebook's cell, which has no address
  const link = (isFramed ? "" : location.href.split("#")[0]) + player.state();
  const field = make("textarea"), before = /** @type {any} */ (document.activeElement);
  field.value = link;
  document.body.append(field);
  field.select();
  let isCopied = document.execCommand("copy");
  field.remove();
  before?.focus({ preventScroll: true });
  if (!isCopied && navigator.clipboard) {
    const late = new Promise((done) => setTimeout(done, 1000, false));
    isCopied = await Promise.race([navigator.clipboard.writeText(link).then(() => true, () => false), late]);
  }
  player.notify(!isCopied ? `Copy it: ${player.state()}` : isFramed
    ? "The state is copied: put it behind the address of the page, once it is a file."
    : "The link to this state is copied.");
}

function wireGraph(player, host) {
  const idOf = (element) => (element && /^n\d+$/.test(element.id) ? Number(element.id.slice(1)) : null);
  const boxAt = (event) => idOf(event.target.closest?.("g.node"));
  let place = ""; // of the pointer: where a box comes under it by itself, nobody points at it
  const remember = (event) => { place = `${event.clientX} ${event.clientY}`; };
  for (const kind of ["pointerdown", "pointermove"]) document.addEventListener(kind, remember, true);
  const hover = (event) => {
    const id = boxAt(event);
    if (id === player.hovered || place === `${event.clientX} ${event.clientY}`) return;
    player.hovered = id;
    player.describe();
  };
  const leave = (event) => {
    player.hovered = null;
    const takesFocus = event.type === "focusout" && player.part("node").contains(event.relatedTarget);
    if (player.pass && !takesFocus) player.describe(); // it would replace what takes the focus
  };
  host.addEventListener("pointerover", hover);
  host.addEventListener("pointerleave", leave);
  host.addEventListener("focusin", hover);
  host.addEventListener("focusout", leave);

  takeFingers(host);
  const pointers = new Map();
  let travelled = 0;
  /** @type {any} */
  let scrubbed = null; // the leaf whose data is dragged, and from where
  host.addEventListener("pointerdown", (event) => {
    if (event.button || !player.scene) return;
    pointers.set(event.pointerId, event);
    travelled = 0;
    const isData = event.target.matches?.("g.leaf text.data");
    scrubbed = isData ? { id: boxAt(event), from: event.clientX, start: player.edits.get(boxAt(event)) } : null;
  });
  host.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    pointers.set(event.pointerId, event);
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled < 4) return;
    if (!host.hasPointerCapture(event.pointerId)) host.setPointerCapture(event.pointerId);
    const { camera } = player.scene;
    if (scrubbed && pointers.size === 1) {
      const step = event.shiftKey ? 1 : event.altKey ? 0.01 : 0.1;
      const x = scrubbed.start + step * Math.round((event.clientX - scrubbed.from) / 4);
      player.edits.set(scrubbed.id, Number(x.toPrecision(12)));
    } else if (pointers.size === 2) {
      const [other] = [...pointers.values()].filter((p) => p.pointerId !== event.pointerId);
      const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      camera.zoom(apart(event) / Math.max(1, apart(before)), other.clientX, other.clientY);
    } else camera.pan(dx, dy);
  });
  host.addEventListener("pointerup", (event) => {
    pointers.delete(event.pointerId);
    if (travelled < 4 && player.scene) {
      player.select(boxAt(event));
      if (scrubbed) find("[data-part=field]", player.part("node"))?.select();
    }
    scrubbed = null;
  });
  host.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  host.addEventListener("wheel", (event) => {
    const isFramed = window.parent !== window;
    if (!player.scene || (isFramed && !event.ctrlKey && !event.metaKey)) return; // the host page scrolls
    event.preventDefault();
    player.scene.camera.zoom(Math.exp(-clamp(event.deltaY, -60, 60) / 240), event.clientX, event.clientY);
  }, { passive: false });
}
