// What Python writes into a page beside these modules.
declare const RULES: Record<string, [(...xs: number[]) => number, (...xs: number[]) => number[]]>;
