// Paths into answers, as users write them: "body.version", "header.etag".

/** The value at a dotted path; "header" stands for "headers", whose names are lower case. undefined when there is none. */
export function at(value: unknown, path: string): unknown {
  let here: unknown = value;
  for (const [i, word] of path.split(".").entries()) {
    if (here === null || typeof here !== "object") return undefined;
    const key = i === 0 && word === "header" && "headers" in here ? "headers" : word;
    if (!Object.hasOwn(here, key)) {
      const lower = key.toLowerCase();
      if (!Object.hasOwn(here, lower)) return undefined;
      here = (here as Record<string, unknown>)[lower];
    } else here = (here as Record<string, unknown>)[key];
  }
  return here;
}
