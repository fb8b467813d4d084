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
