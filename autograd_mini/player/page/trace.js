// The page of one Trace: the numbers come with the graph.

{
  const { graph, data, local } = readJson("trace");
  graph.seed = number(graph.seed);
  let player = null;
  player = new Player(document.body, () => player && writeAddress({ step: player.position }));
  const readStep = () => Number(address().get("step")) || 0;
  const step = readStep(); // loading writes the address
  player.load(find("#drawing svg"), graph, data.map(number), local.map((row) => row.map((slope) => slope === null ? null : number(slope))));
  player.seek(step);
  addEventListener("hashchange", () => player.go(readStep()));
}
