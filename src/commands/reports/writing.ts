// A report that has no place is said as what it is, with the way out.
import { StackError } from "../../model/problem.ts";

/** Throws StackError in place of the error of the file system. */
export function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { message } = error as Error;
    throw new StackError(`cannot write the report ${file}: ${message}`, "Choose another place.", { cause: error });
  }
}
