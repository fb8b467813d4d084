// What all units say, about a grid of inputs or about some examples.
class Forward {
  constructor(data, program, trainer) {
    this.program = program;
    this.places = data.places.units;
    this.trainer = trainer;
    this.width = data.widths[0];
    this.outputs = data.outputs;
    this.bound = new Map();
  }

  // Another program of the same parameters.
  use(program) {
    this.program = program;
    this.bound.clear();
  }

  // Rows of units, a column for each example: unit u of example b is at u * B + b.
  run(columns, B) {
    if (!this.bound.has(B)) {
      if (this.bound.size > 4) this.bound.clear();
      const theta = new Float64Array(this.places.length);
      this.bound.set(B, { theta, call: this.program(theta, new Float64Array(0), B) });
    }
    const { theta, call } = this.bound.get(B);
    this.places.forEach((place, i) => { theta[i] = this.trainer.theta[place]; });
    return call(columns);
  }

  of(rows) {
    const B = rows.length, columns = new Float64Array(this.width * B);
    rows.forEach((x, b) => x.forEach((number, i) => { columns[i * B + b] = number; }));
    return this.run(columns, B);
  }

  // The outputs of every example: the last rows.
  outputsOf(rows) {
    const B = rows.length, units = this.of(rows), first = units.length / B - this.outputs;
    return rows.map((_, b) => Array.from({ length: this.outputs }, (__, k) => units[(first + k) * B + b]));
  }
}

// What was recorded over the plane, where the units have no program.
class Recorded {
  use() { return undefined; } // there is no other

  of(rows) { return Float64Array.from(this.outputsOf(rows)[0]); }

  constructor(page) {
    this.page = page;
    this.cells = Uint8Array.from(atob(page.data.cells ?? ""), (c) => c.charCodeAt(0));
  }

  run(columns, count) {
    const { run, scale, outputs } = this.page, first = run.at * count;
    const units = new Float64Array(outputs * count).fill(NaN);
    for (let b = 0; b < count && first + b < this.cells.length; b += 1) {
      const byte = this.cells[first + b];
      if (scale.isOfClasses) for (let k = 0; k < outputs; k += 1) units[k * count + b] = Number(k === byte);
      else units[b] = scale.center + (scale.spread * (byte - 128)) / 127;
    }
    return units;
  }

  outputsOf(rows) {
    return rows.map((_, i) => {
      const graph = this.page.example.graphOf(i);
      if (!graph) return new Array(this.page.outputs).fill(NaN);
      const { data } = this.page.example.passOf(i);
      return graph.outputs.map((node) => data[node]);
    });
  }
}

// A grid over one or two inputs, as columns.
class Grid {
  constructor(low, high, size = 40) {
    this.low = [...low];
    this.high = [...high];
    this.size = low.length === 1 ? 121 : size;
    this.count = low.length === 1 ? this.size : this.size * this.size;
    const n = this.size, step = (i, k) => low[k] + ((i + 0.5) / n) * (high[k] - low[k]);
    this.columns = new Float64Array(low.length * this.count);
    for (let b = 0; b < this.count; b += 1) {
      this.columns[b] = step(b % n, 0);
      if (low.length === 2) this.columns[this.count + b] = step(n - 1 - Math.floor(b / n), 1);
    }
  }
}
