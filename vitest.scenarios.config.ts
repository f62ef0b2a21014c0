// `npm run test:scenarios`: the shipped scenarios and the deliberately broken backends, on real stacks, one after the other.
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
