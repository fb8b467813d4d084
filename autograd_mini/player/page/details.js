// One node in detail: its numbers, its rules, where its gradient comes from.
function describeNode(player, id) {
  const { graph, pass, edits } = player;
  const lines = [];
  const title = make("h2");
  title.append(graph.label[id] || graph.name[id], make("span", "tag", graph.op[id] || "leaf"), make("span", "tag quiet", `n${id}`));
  if (player.breakpoints.has(id)) title.append(make("span", "tag stop", "breakpoint"));
  lines.push(title);
  const pairs = make("dl");
  const pair = (name, what) => {
    const value = make("dd");
    value.append(typeof what === "string" ? apart(what) : what);
    pairs.append(make("dt", "", name), value);
  };
  const data = player.dataOf(id), gradient = player.gradientOf(id), isBroken = edits.problems.size > 0;
  const missing = isBroken ? "there is none at these numbers" : "not computed yet";
  if (edits.isField(id)) {
    pair("data", edits.field(id));
    const told = [...player.part("effect").children].map((span) => span.textContent.trim());
    if (edits.changed.size) pair("", make("span", "told", told.join(" ")));
  } else pair("data", data !== undefined ? repr(data) : player.isComputed(id) ? missing : "not computed yet");
  if (edits.problems.has(id)) pair("", make("span", "stop", edits.problems.get(id)));
  pair("grad", player.quiz.hides(id) ? "?" : gradient === undefined ? missing : repr(gradient));
  for (const [kind, old] of player.compare.differences(id)) {
    pair(`${kind} was`, old === undefined ? "–" : repr(old));
  }
  if (graph.op[id]) pair("is", graph.expression[id]);
  const rules = graph.receives[id].map((argument) => pass.rule(id, argument));
  rules.slice(0, 4).forEach((rule, i) => pair(i ? "" : "rule", rule));
  if (rules.length > 4) pair("", `… ${rules.length - 4} more`);
  if (graph.source[id]) pair("made at", graph.source[id]);
  lines.push(pairs);
  if (player.quiz.isOn) return lines;
  if (!isBroken) lines.push(...contributions(player, id));
  if (player.isAskingWhy || player.selected === id) {
    lines.push(make("h3", "", "Why"), make("p", "why", why(pass, id).join("\n")));
  }
  return lines;
}

function contributions(player, id) {
  const { graph, pass, position } = player;
  const received = pass.received[id], isRoot = id === graph.inputs.length - 1;
  if (!received.length && !isRoot) return [];
  const list = make("ol");
  if (isRoot) {
    list.append(make("li", position >= pass.seedFrame ? "" : "pending",
      `${repr(graph.seed)}   the seed`));
  }
  for (const at of received.slice(0, 12)) {
    const f = pass.frames[at], isDone = at <= position;
    const item = make("li", isDone ? "" : "pending");
    if (at === position) item.classList.add("now");
    item.append(make("span", "", isDone
      ? `${repr(f.local)} * ${repr(f.upstream)} = ${repr(f.contribution)}` : "still to come"),
    make("span", "rule", `   from ${graph.name[f.node]}, argument ${f.argument}`));
    list.append(item);
  }
  if (received.length > 12) list.append(make("li", "quiet", `… ${received.length - 12} more`));
  return [make("h3", "", "Contributions received"), list];
}
