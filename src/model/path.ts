// Paths into answers, as users write them: "body.version", "header.etag".

/** The value at a dotted path; "header" stands for "headers", whose names are lower case however the path writes them. undefined when there is none. */
export function at(value: unknown, path: string): unknown {
  const words = path.split(".");
  if (words[0] === "header" && hasOwn(value, "headers")) words[0] = "headers";
  if (words[0] === "headers" && words[1] !== undefined) words[1] = words[1].toLowerCase();
  let here: unknown = value;
  for (const word of words) {
    if (!hasOwn(here, word)) return undefined;
    here = here[word];
  }
  return here;
}

function hasOwn(value: unknown, key: string): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && Object.hasOwn(value, key);
}
