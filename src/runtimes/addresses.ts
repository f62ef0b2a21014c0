// What a runtime puts into the environment of a node in place of what its file says.

/** The passwords that this stack knows in place of those that are written: postgres://user:WRITTEN@db-us:5432/... */
export function insertPasswords(
  environment: Readonly<Record<string, string>>,
  passwords: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).map(([variable, value]) => [
      variable,
      value.replace(CREDENTIALS, (written, before: string, name: string, after: string) => {
        const password = passwords.get(name);
        return password === undefined ? written : `${before}:${encodeURIComponent(password)}@${name}${after}`;
      }),
    ]),
  );
}

const CREDENTIALS = /(:\/\/[^:@/\s]*)(?::[^@/\s]*)?@([A-Za-z0-9][\w.-]*)(:\d{1,5})(?!\d)/g;
