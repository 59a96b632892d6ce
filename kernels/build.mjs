// Builds from the kernel sources:
//   node kernels/build.mjs emulator    libcudaemu.so with g++ (CXX names another compiler), in seconds, when sources are newer
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const sources = (folder, end) => readdirSync(here + folder).filter((name) => name.endsWith(end)).sort().map((name) => here + folder + name);

/** Compiler flags of the emulator; contraction off, so that results do not depend on the CPU's fused operations. */
const FLAGS = ["-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-fPIC", "-shared", "-pthread"];

function emulator() {
  const out = `${here}libcudaemu.so`;
  const kernels = [...sources("", ".cu"), ...sources("emulator/", ".cu")];
  const host = sources("emulator/", ".cpp");
  const headers = [...sources("", ".h"), ...sources("emulator/", ".h")];
  const newest = Math.max(...[...kernels, ...host, ...headers, fileURLToPath(import.meta.url)].map((file) => statSync(file).mtimeMs));
  if (existsSync(out) && statSync(out).mtimeMs > newest) return console.log(out);
  const compiler = process.env.CXX || "g++";
  const temporary = `${out}.${process.pid}.tmp`;
  const made = spawnSync(compiler, [...FLAGS, "-x", "c++", ...kernels, ...host, "-o", temporary], { encoding: "utf8" });
  if (made.error) fail(`${compiler} cannot be started (${made.error.code}): install g++, or name a compiler with CXX`);
  process.stderr.write(made.stderr);
  if (made.status !== 0) fail(`${compiler} ended with ${made.status}`);
  renameSync(temporary, out);
  console.log(out);
}

function fail(message) {
  console.error(message);
  process.exit(6);
}

const verbs = { emulator };
const verb = verbs[process.argv[2]];
if (!verb) fail(`node kernels/build.mjs ${Object.keys(verbs).join("|")}`);
verb();
