/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  // A test that hangs ends; one that only finds the machine busy does not fail.
  testTimeout: 120_000,
  // A few suites take most of the time: no core waits for them.
  maxWorkers: "100%",
  // Nothing is left open then: V8 still optimizes Binaryen's WebAssembly, and Node waits for that.
  workerGracefulExitTimeout: 10_000,
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } },
    ],
  },
  testMatch: ["<rootDir>/src/**/*.test.ts", "<rootDir>/spec-tests/**/*.test.ts"],
};
