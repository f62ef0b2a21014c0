// `npm test`: no Docker needed, no network. The programs are built once, before the first test.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/scenarios/**", "test/bench/**"],
    globalSetup: ["test/build.ts"],
    reporters: ["default", "./test/left-out.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
