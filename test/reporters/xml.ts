// A small and strict reader of XML 1.0, for what reporters write: elements, attributes, text, character references. It refuses
// whatever the standard refuses, and reads white space as the standard says.

export interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly Element[];
  /** All text directly inside. */
  text: string;
}

const NAME = /[A-Za-z_][\w.-]*/y;
const SPACE = /[ \t\n]+/y;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export function parseXml(source: string): Element {
  for (const one of source) if (!isAllowed(one.codePointAt(0)!)) throw new Error(`U+${hex(one)} is not allowed`);
  const text = source.replace(/\r\n?/g, "\n"); // 2.11
  let at = 0;

  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${JSON.stringify(text.slice(at, at + 40))}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const expect = (word: string) => (text.startsWith(word, at) ? (at += word.length) : fail(`expected ${word}`));

  function reference(): string {
    expect("&");
    const end = text.indexOf(";", at);
    const name = end === -1 ? fail("an & that is no reference") : text.slice(at, end);
    at = end + 1;
    const [, sign, digits] = /^#(x?)([0-9a-fA-F]+)$/.exec(name) ?? [];
    if (digits === undefined) return NAMED[name] ?? fail(`no entity "${name}"`);
    const code = Number.parseInt(digits, sign === "x" ? 16 : 10);
    return isAllowed(code) ? String.fromCodePoint(code) : fail(`a reference to U+${code.toString(16)}`);
  }

  function attributes(): Record<string, string> {
    const found: Record<string, string> = {};
    while (take(SPACE) !== undefined) {
      const name = take(NAME);
      if (name === undefined) break;
      if (Object.hasOwn(found, name)) fail(`"${name}" twice`);
      expect('="');
      let value = "";
      while (text[at] !== '"') {
        if (at >= text.length || text[at] === "<") fail("an attribute without an end");
        if (text[at] === "&") value += reference();
        else value += /[\t\n]/.test(text[at]!) ? (at++, " ") : text[at++]!; // 3.3.3
      }
      at++;
      found[name] = value;
    }
    return found;
  }

  function element(): Element {
    expect("<");
    const name = take(NAME) ?? fail("no name");
    const own = attributes();
    if (text.startsWith("/>", at)) return ((at += 2), { name, attributes: own, children: [], text: "" });
    expect(">");
    const children: Element[] = [];
    let inside = "";
    while (!text.startsWith("</", at)) {
      if (at >= text.length) fail(`<${name}> without an end`);
      if (text.startsWith("]]>", at)) fail("]]> in text");
      if (text[at] === "<") children.push(element());
      else inside += text[at] === "&" ? reference() : text[at++]!;
    }
    expect(`</${name}>`);
    return { name, attributes: own, children, text: inside };
  }

  expect('<?xml version="1.0" encoding="UTF-8"?>');
  take(SPACE);
  const root = element();
  take(SPACE);
  return at === text.length ? root : fail("something after the end");
}

/** 2.2: Char. A half of a surrogate pair comes here as itself. */
function isAllowed(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

const hex = (one: string) => one.codePointAt(0)!.toString(16);

/** Every element of that name, at any depth. */
export function all(root: Element, name: string): readonly Element[] {
  return [...(root.name === name ? [root] : []), ...root.children.flatMap((child) => all(child, name))];
}
