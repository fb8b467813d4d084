// What Python writes into a page beside these modules.
type Bind = (theta: Float64Array, gtheta: Float64Array, B: number) => (...columns: Float64Array[]) => any;
declare const PROGRAMS: Record<string, Bind>;
