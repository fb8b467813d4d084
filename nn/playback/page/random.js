// Python's own generator, so that the orders of the examples are Python's.
//
// Matsumoto, Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
// pseudo-random number generator", ACM TOMACS 8 (1998).
class Random {
  // `state` is what Python's `Random.getstate()` tells: 624 words, and the next one's place.
  constructor(state) {
    this.words = Uint32Array.from(state.slice(0, 624));
    this.next = state[624];
  }

  word() {
    const { words } = this;
    if (this.next >= 624) {
      for (let i = 0; i < 624; i += 1) {
        const y = (words[i] & 0x80000000) | (words[(i + 1) % 624] & 0x7fffffff);
        words[i] = words[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.next = 0;
    }
    let y = words[this.next];
    this.next += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  // The numbers below n in random order, as `fit` draws them: by sorting 64-bit numbers.
  order(n) {
    const low = new Uint32Array(n), high = new Uint32Array(n);
    for (let i = 0; i < n; i += 1) [low[i], high[i]] = [this.word(), this.word()];
    return Array.from({ length: n }, (_, i) => i)
      .sort((i, j) => high[i] - high[j] || low[i] - low[j]);
  }
}
