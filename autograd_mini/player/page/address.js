// The address: `#step=12`. In a sandboxed frame it cannot be written, and nothing is lost.

function address() {
  return new URLSearchParams(location.hash.slice(1));
}

function writeAddress(fields) {
  try {
    history.replaceState(null, "", "#" + new URLSearchParams(fields));
  } catch {
    // an <iframe srcdoc>: the step stays in memory
  }
}

function readJson(id) {
  return JSON.parse(find(`#${id}`).textContent);
}

// A packed SVG.
async function unpackedPicture(text) {
  const drawn = new DOMParser().parseFromString(await unpacked(text), "image/svg+xml").documentElement;
  return document.importNode(drawn, true);
}

// What Python's `packed` wrote.
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
