// `npm test`: no Docker needed, no network. The programs are built once, before the first test.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/scenarios/**", "test/bench/**"],
    globalSetup: ["test/build.ts"],
    reporters: ["default", "./test/left-out.ts"],
    // Generous: they only decide how long a test takes that hangs, and a busy machine is no failure.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
  },
});
