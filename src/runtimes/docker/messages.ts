// What the engine tells while it pulls, builds or imports: JSON, a line each, until the work is done or an error stands there.

export interface Message {
  /** Of a build: what it prints. */
  stream?: string;
  /** Of a pull: "Downloading", "Pull complete"; `id` says of which layer. */
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
}

/** Throws what the engine says went wrong, and what broke the connection. */
export async function* messagesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield* messageOf(line); // one by one: what came before an error is told
  }
  yield* messageOf(rest);
}

/** Resolves once the work is done, whatever was told meanwhile. */
export async function over(stream: NodeJS.ReadableStream): Promise<void> {
  const messages = messagesOf(stream);
  while (!(await messages.next()).done);
}

function messageOf(line: string): readonly Message[] {
  if (line.trim() === "") return [];
  const message = JSON.parse(line) as Message;
  if (message.error !== undefined) throw new Error(message.error.trim());
  return [message];
}
