// A region's name as a word in a text: found and replaced where it stands alone, never inside another word.
//
//   us -> ap      backend-us -> backend-ap     ${POSTGRES_US_USER} -> ${POSTGRES_AP_USER}     status, bus: as they are
//   us -> ap-s    db-us -> db-ap-s             properties_us -> properties_ap_s     (what joins its neighbours joins it)

export type Rename = (text: string) => string;

/** `apart` are words that stay although the name stands in them: other regions (eu-west beside eu), other services. */
export function renaming(from: string, to: string, apart: readonly string[] = []): Rename {
  const forms = new Set(spellings(from));
  // At one place the longest word wins.
  const words = [...forms, ...apart.flatMap(spellings)].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![A-Za-z0-9])(?:${words.join("|")})(?![A-Za-z0-9])`, "g");
  return (text) =>
    text.replace(pattern, (word, at: number) => {
      if (!forms.has(word)) return word;
      const upper = word !== word.toLowerCase();
      // Names of variables and of databases hold no dash.
      const joined = upper || word.includes("_") || text[at - 1] === "_" || text[at + word.length] === "_";
      const plain = joined ? to.replaceAll("-", "_") : to;
      return upper ? plain.toUpperCase() : plain;
    });
}

export function carries(text: string, region: string, apart: readonly string[] = []): boolean {
  return renaming(region, "", apart)(text) !== text;
}

/** As in names, in variables. Names hold letters, digits, - and _ alone, so they stand in a pattern as they are. */
function spellings(name: string): readonly string[] {
  const joined = name.replaceAll("-", "_");
  return [...new Set([name, joined, name.toUpperCase(), joined.toUpperCase()])];
}
