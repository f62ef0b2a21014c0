// Errors that tell a person what to do next.

/** Wrong arguments or files: exit 64. The message is complete, for people. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Something that should stand does not: exit 2. `hint` says what to type next. */
export class StackError extends Error {
  override name = "StackError";
  constructor(
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A node did not come up: says which, why, and the last lines of its log. */
export class NodeFailed extends StackError {
  override name = "NodeFailed";
  constructor(
    readonly node: string,
    reason: string,
    readonly logLines: readonly string[],
    hint?: string,
  ) {
    super(`${node} ${reason}`, hint);
  }
}

/** One thing wrong in a file, drawn with a caret by scenario/caret.ts. Lines and columns from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  /** Characters to underline. */
  length: number;
  message: string;
  /** "Did you mean ...?" and the like. */
  hint?: string;
  severity: "error" | "warning";
}
