// The page of one Trace: the numbers come with the graph.

{
  const { graph, data, local } = readJson("trace");
  graph.seed = number(graph.seed);
  const numbers = [data.map(number), local.map((row) => row.map((slope) => slope === null ? null : number(slope)))];
  const across = find("#drawing svg");
  /** @type {any} */
  let down = null;
  let isReady = false;
  const player = new Player(document.body, () => isReady && writeAddress(player.fields()));
  const turn = () => {
    if (isNarrow()) down ??= readPicture("upright");
    const svg = isNarrow() ? down : across;
    if (player.scene?.svg === svg) return;
    const { selected } = player;
    player.load(svg, graph, ...numbers);
    player.select(selected);
  };
  turn();
  player.onresize = turn;
  publish(player);
  player.restore(address());
  isReady = true;
  addEventListener("hashchange", () => player.restore(address()));
}
