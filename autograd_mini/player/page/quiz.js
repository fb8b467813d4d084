// Quiz: gradients are hidden; the reader says a number or a sign, the page says what was missed.
class Quiz {
  constructor(player) {
    this.player = player;
    this.isOn = false;
    this.asked = -1;
    /** @type {Set<number>} */
    this.known = new Set();
    const form = player.part("quiz-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(player.part("answer").value);
    });
    form.addEventListener("keydown", (event) => event.stopPropagation());
  }

  toggle() {
    this.isOn = !this.isOn;
    const { player } = this;
    player.part("quiz").setAttribute("aria-pressed", String(this.isOn));
    player.part("quiz-card").hidden = !this.isOn;
    this.known = new Set([player.graph.inputs.length - 1]);
    if (this.isOn) {
      player.go(player.pass.last);
      this.ask();
      player.part("answer").focus();
    }
    for (const id of player.scene.boxes.keys()) player.paint(id);
    player.describe();
  }

  hides(id) { return this.isOn && !this.known.has(id); }

  // The next box from the root on whose consumers are all known.
  ask() {
    const { player } = this;
    const ids = [...player.scene.boxes.keys()].sort((a, b) => b - a);
    this.asked = ids.find((id) => !this.known.has(id) && player.pass.gradient.has(id)) ?? -1;
    player.part("question").textContent = this.asked < 0 ? "All gradients are found."
      : `What is ${player.graph.name[this.asked]}.grad? A number, or its sign: + - 0`;
    player.part("answer").value = "";
    if (this.asked >= 0) player.select(this.asked);
  }

  answer(text) {
    if (this.asked < 0 || !text.trim()) return;
    const { player, asked } = this, { pass } = player;
    const right = pass.gradient.get(asked), given = text.trim();
    const verdict = player.part("verdict");
    const isSign = /^[+\-0]$/.test(given);
    const x = { "+": 1, "-": -1, 0: 0 }[given] ?? Number(given);
    const isRight = isSign ? Math.sign(x) === Math.sign(right)
      : Math.abs(x - right) <= 5e-3 * Math.abs(right) + 1e-9;
    verdict.textContent = isRight ? `Right: ${player.graph.name[asked]}.grad = ${six(right)}.`
      : Number.isNaN(x) ? "Please enter a number, or one of + - 0." : this.missed(x, right);
    if (!isRight) return;
    this.known.add(asked);
    player.paint(asked);
    this.ask();
  }

  // Which rule a wrong answer missed.
  missed(x, right) {
    const { pass } = this.player;
    const edges = pass.received[this.asked].map((position) => pass.frames[position]);
    const rules = edges.map((edge) => pass.rule(edge.node, edge.argument)).slice(0, 3).join("; ");
    const near = (y) => Math.abs(x - y) <= 5e-3 * Math.abs(y) + 1e-9;
    if (near(-right)) return `The size is right, the sign is not: ${rules}.`;
    if (edges.length > 1 && edges.some((edge) => near(edge.contribution))) {
      return `That is one contribution of ${edges.length}: a number used more than once receives their sum.`;
    }
    if (edges.some((edge) => near(edge.local))) {
      return "That is the local derivative: times the gradient of the result, it is the chain rule.";
    }
    if (edges.some((edge) => near(edge.upstream))) {
      return `That is the gradient of the result: times the local derivative, ${rules}.`;
    }
    return `Not yet. The rule: ${rules}.`;
  }
}
