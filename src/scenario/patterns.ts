// How units look, for editors: what model/units.ts parses, as the patterns of the JSON Schema.

export const DURATION = { pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h))+$" };
export const PERCENT = { pattern: "^\\d+(\\.\\d+)?%$" };
export const RATE = { pattern: "^\\d+(\\.\\d+)?/(s|m|h)$" };
