// One line per request, in the words of NGINX's log_format (nginx.ts), so that both read alike.

export interface Access {
  client: string;
  /** "GET /us/health HTTP/1.1", or "-" when it could not be read. */
  requestLine: string;
  status: number;
  bodyBytes: number;
  tookMs: number;
  attempts: readonly { address: string; status: string; tookMs: number }[];
}

export function accessLine(access: Access, at: Date): string {
  const each = (said: (attempt: Access["attempts"][number]) => string) => access.attempts.map(said).join(", ") || "-";
  return (
    `${at.toISOString()} ${access.client} "${escaped(access.requestLine)}" ${access.status} ${access.bodyBytes} ` +
    `request_time=${seconds(access.tookMs)} upstream_addr="${each(({ address }) => address)}" ` +
    `upstream_status="${each(({ status }) => status)}" upstream_response_time="${each(({ tookMs }) => seconds(tookMs))}"`
  );
}

const seconds = (ms: number) => (ms / 1_000).toFixed(3);

/** A client cannot forge a line or a field. */
const escaped = (text: string) =>
  // oxlint-disable-next-line no-control-regex -- control characters are what must not get through
  text.replaceAll(/["\\\u0000-\u001f\u007f-\uffff]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff
      ? `\\u${code.toString(16).padStart(4, "0")}`
      : `\\x${code.toString(16).padStart(2, "0").toUpperCase()}`;
  });

export interface Lines {
  write(line: string): void;
  /** Everything written so far is handed over when it returns. */
  flush(): void;
}

const FLUSH_MS = 100;
const FLUSH_CHARACTERS = 64 * 1024;

/** A system call per line would cost more than the request it tells of. */
export function bufferedLines(hand: (text: string) => void): Lines {
  let text = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const full = text;
    text = "";
    if (full !== "") hand(full);
  };
  return {
    write(line) {
      text += `${line}\n`;
      if (text.length >= FLUSH_CHARACTERS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    flush,
  };
}
