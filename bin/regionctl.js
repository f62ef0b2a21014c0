#!/usr/bin/env node
// The executable: everything it knows is in dist/cli.js, which `npm ci` builds.

// Ctrl-C before anything was started ends it at once; a command that starts something takes these over.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

import("../dist/cli.js").catch((error) => {
  if (error?.code !== "ERR_MODULE_NOT_FOUND") throw error;
  process.stderr.write(`regionctl is not built yet (${error.message}).\nRun "npm run build" in its directory.\n`);
  process.exitCode = 2;
});
