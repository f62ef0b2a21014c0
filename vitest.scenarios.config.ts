// `npm run test:scenarios`: the shipped scenarios and the deliberately broken backends, on real stacks of the embedded runtime, one after
// the other. `npm run parity` plays the shipped ones on both runtimes.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/scenarios/**/*.test.ts"],
    globalSetup: ["test/build.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
