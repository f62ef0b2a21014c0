// A bound on waiting for the outside world.

/** Rejects when `asked` has not settled in time. What was asked goes on, and its end is nobody's business any more. */
export function within<T>(ms: number, asked: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    asked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
