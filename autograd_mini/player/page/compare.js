// Compare: a pinned state beside the present one; what differs is marked, old beside new.
class Compare {
  constructor(player) {
    this.player = player;
    /** @type {{ data: Map<number, any>, grad: Map<number, any>, state: string } | null} */
    this.pinned = null;
  }

  toggle() {
    this.pinned = this.pinned ? null : this.snapshot();
    this.player.part("pin").setAttribute("aria-pressed", String(Boolean(this.pinned)));
    for (const id of this.player.scene.boxes.keys()) this.mark(id);
    this.tell();
  }

  snapshot() {
    const { player } = this;
    const ids = [...player.scene.boxes.keys()];
    return {
      data: new Map(ids.map((id) => [id, player.dataOf(id)])),
      grad: new Map(ids.map((id) => [id, player.gradientOf(id)])),
      state: player.state().slice(1),
    };
  }

  // [kind, old, new] of each number of a node that differs.
  differences(id) {
    const { pinned } = this;
    if (!pinned) return [];
    const now = { data: this.player.dataOf(id), grad: this.player.gradientOf(id) };
    return ["data", "grad"].filter((kind) => !Object.is(pinned[kind].get(id), now[kind]))
      .map((kind) => [kind, pinned[kind].get(id), now[kind]]);
  }

  mark(id) {
    const text = (x) => (x === undefined ? "–" : short(x));
    const [first, second] = this.differences(id);
    const told = second ? `was ${text(first[1])}, ${text(second[1])}` : first ? `${first[0]} was ${text(first[1])}` : "";
    this.player.scene.note(id, "was", told);
    this.player.rows.get(id)?.classList.toggle("differs", told !== "");
  }

  tell() {
    const host = this.player.part("compared");
    host.hidden = !this.pinned;
    if (!this.pinned) return;
    const count = [...this.player.scene.boxes.keys()].filter((id) => this.differences(id).length).length;
    host.textContent = count ? `${count} ${count === 1 ? "box differs" : "boxes differ"} from the pinned state`
      : "pinned: go on or change a number, and what differs is marked";
  }
}
