// A few files as a tar archive: how the engine wants a build's context, and what is copied into a container.
import path from "node:path";

export interface TarFile {
  /** "kafka/pom.xml"; its folders come into being by themselves. */
  name: string;
  content: Buffer | string;
  /** 0o644 when absent. */
  mode?: number;
  /** Owner's and group's number; 0 when absent. */
  owner?: number;
}

const BLOCK = 512;

/** The same files give the same bytes: no time stands in them. */
export function tar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    return [header(file, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** POSIX ustar: fixed fields, numbers in octal, and a checksum over it all with its own field blank. */
function header({ name, mode = 0o644, owner = 0 }: TarFile, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [folder, base] = split(name.replace(/^\/+/, ""));
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
  block.write(base, 0);
  octal(mode, 100, 8);
  octal(owner, 108, 8);
  octal(owner, 116, 8); // group
  octal(size, 124, 12);
  octal(0, 136, 12); // time
  block.fill(" ", 148, 156);
  block.write("0", 156); // an ordinary file
  block.write("ustar\x0000", 257);
  block.write(folder, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A name of more than 100 bytes is split at a slash. */
function split(name: string): readonly [folder: string, base: string] {
  if (Buffer.byteLength(name) <= 100) return ["", name];
  const [folder, base] = [path.posix.dirname(name), path.posix.basename(name)];
  if (Buffer.byteLength(base) > 100 || Buffer.byteLength(folder) > 155)
    throw new Error(`the name ${name} is too long for an archive`);
  return [folder, base];
}
