// What Python wrote into the page: JSON blocks, and what of them is large packed, as the base64 of
// a deflated text. It is read at once: a page is there when it is loaded.

const isPacked = (element) => element.dataset.packed !== undefined;

function readJson(id) {
  const block = find(`#${id}`);
  return JSON.parse(isPacked(block) ? unpacked(block.textContent) : block.textContent);
}

// A block that is an SVG.
function readPicture(id) {
  return document.importNode(new DOMParser().parseFromString(readJson(id), "image/svg+xml").documentElement, true);
}

const unpacked = (text) => new TextDecoder().decode(inflated(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))));

// RFC 1951, "DEFLATE Compressed Data Format Specification".
function inflated(bytes) {
  let out = new Uint8Array(8 * bytes.length + 1024), size = 0, at = 0, bits = 0, held = 0;
  const take = (count) => {
    for (; held < count; held += 8) bits |= bytes[at++] << held;
    const x = bits & ((1 << count) - 1);
    bits >>>= count;
    held -= count;
    return x;
  };
  const put = (byte) => {
    if (size === out.length) {
      const wider = new Uint8Array(2 * size);
      wider.set(out);
      out = wider;
    }
    out[size++] = byte;
  };
  const next = ({ counts, symbols }) => { // the codes of a length are consecutive numbers
    for (let length = 1, code = 0, first = 0, index = 0; ; length += 1) {
      code |= take(1);
      const count = counts[length];
      if (code - count < first) return symbols[index + code - first];
      index += count;
      first = 2 * (first + count);
      code *= 2;
    }
  };
  const lengthsOf = (count, table) => {
    /** @type {number[]} */
    const lengths = [];
    while (lengths.length < count) {
      const symbol = next(table);
      if (symbol < 16) lengths.push(symbol);
      else {
        const again = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
        lengths.push(...new Array(again).fill(symbol === 16 ? lengths[lengths.length - 1] : 0));
      }
    }
    return lengths;
  };
  const dynamic = () => {
    const literals = 257 + take(5), distances = 1 + take(5), given = new Array(19).fill(0);
    const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].slice(0, 4 + take(4));
    for (const symbol of order) given[symbol] = take(3);
    const lengths = lengthsOf(literals + distances, huffman(given));
    return [huffman(lengths.slice(0, literals)), huffman(lengths.slice(literals))];
  };
  for (let isLast = 0; !isLast;) {
    isLast = take(1);
    const kind = take(2);
    if (kind === 0) {
      [bits, held] = [0, 0];
      const end = at + 4 + (bytes[at] | (bytes[at + 1] << 8));
      for (at += 4; at < end; at += 1) put(bytes[at]);
      continue;
    }
    const [literal, distance] = kind === 1 ? FIXED : dynamic();
    for (let symbol = next(literal); symbol !== 256; symbol = next(literal)) {
      if (symbol < 256) put(symbol);
      else {
        const length = LENGTHS[symbol - 257] + take(MORE_LENGTH[symbol - 257]), far = next(distance);
        const back = DISTANCES[far] + take(MORE_DISTANCE[far]);
        for (let k = 0; k < length; k += 1) put(out[size - back]);
      }
    }
  }
  return out.subarray(0, size);
}

// Codes by their lengths: how many there are of each, and their symbols in order.
function huffman(lengths) {
  const counts = new Array(16).fill(0);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  const symbols = [...lengths.keys()].filter((i) => lengths[i]).sort((a, b) => lengths[a] - lengths[b] || a - b);
  return { counts, symbols };
}

const FIXED = [
  huffman(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  huffman(new Array(30).fill(5)),
];
const MORE_LENGTH = Array.from({ length: 29 }, (_, i) => (i === 28 ? 0 : Math.max(0, (i >> 2) - 1)));
const MORE_DISTANCE = Array.from({ length: 30 }, (_, i) => Math.max(0, (i >> 1) - 1));
const LENGTHS = MORE_LENGTH.map((_, i) => (i === 28 ? 258 : 3 + MORE_LENGTH.slice(0, i).reduce((sum, more) => sum + 2 ** more, 0)));
const DISTANCES = MORE_DISTANCE.map((_, i) => 1 + MORE_DISTANCE.slice(0, i).reduce((sum, more) => sum + 2 ** more, 0));
