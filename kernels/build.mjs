// Builds from the kernel sources:
//   node kernels/build.mjs emulator    libcudaemu.so with g++ (or the compiler CXX), in seconds, if the sources are newer
//   node kernels/build.mjs device      dist/ with nvcc: NVCC, on the PATH, or in the Python package nvidia-cuda-nvcc of PYTHON
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { sourcesSha256 } from "./sources.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const sources = (folder, end) => readdirSync(here + folder).filter((name) => name.endsWith(end)).sort().map((name) => here + folder + name);

/** Compiler flags of the emulator. Without contraction, so that results do not depend on the CPU's fused operations. */
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

/** Architectures with native code; newer ones get the PTX. */
const NATIVE = ["80", "86", "89", "90", "120"];
/** CUDA 11.4, accepted by drivers from 470 on. The kernels use nothing newer; nvcc cannot emit an older version itself. */
const PTX_VERSION = "7.4";

/**
 * Writes dist/: one compressed fatbin with native code, the PTX for compute capability 8.0 (gzip), and manifest.json with the hash of
 * the sources and ptxas' resource usage of each kernel on each architecture.
 */
function device() {
  const nvcc = findNvcc();
  const work = mkdtempSync(join(tmpdir(), "lorafit-kernels-"));
  try {
    const all = join(work, "kernels.cu");
    writeFileSync(all, sources("", ".cu").map((file) => `#include "${file}"\n`).join(""));
    const compile = (...args) => {
      const made = spawnSync(nvcc, ["-std=c++17", "-O3", "-I", here, all, ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
      if (made.error || made.status !== 0) fail(`${nvcc}: ${made.error?.message ?? made.stderr}`);
      return made.stdout + made.stderr;
    };
    const gencode = NATIVE.flatMap((arch) => ["-gencode", `arch=compute_${arch},code=sm_${arch}`]);
    const fatbin = join(work, "kernels.fatbin");
    const log = compile("-fatbin", "-Xptxas", "-v", "-compress-mode=size", ...gencode, "-o", fatbin);
    const ptx = join(work, "kernels.ptx");
    compile("-ptx", "-arch=compute_80", "-o", ptx);
    const written = readFileSync(ptx, "utf8").replace(/^\.version .*$/m, `.version ${PTX_VERSION}`);
    // nvcc puts a hash of the source's path into the names of local symbols; without it the same sources give the same bytes.
    const text = written.replaceAll(/_INTERNAL_([0-9a-f]{8})_/.exec(written)?.[1] ?? "_INTERNAL_", "00000000");
    const version = spawnSync(nvcc, ["--version"], { encoding: "utf8" }).stdout;
    const manifest = { sources: sourcesSha256(), nvcc: /release [\d.]+, V([\d.]+)/.exec(version)?.[1], ptx_version: PTX_VERSION, kernels: resources(log) };
    mkdirSync(`${here}dist`, { recursive: true });
    writeFileSync(`${here}dist/kernels.fatbin`, readFileSync(fatbin));
    writeFileSync(`${here}dist/kernels.ptx.gz`, gzipSync(text, { level: 9 }));
    writeFileSync(`${here}dist/manifest.json`, `${JSON.stringify(manifest, null, 1)}\n`);
    console.log(`${here}dist: ${Object.keys(manifest.kernels).length} kernels`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function findNvcc() {
  const works = (command) => spawnSync(command, ["--version"]).status === 0;
  const script = "import importlib.util as u; s = u.find_spec('nvidia'); print(*(s.submodule_search_locations if s else []), sep='\\n')";
  const packages = spawnSync(process.env.PYTHON || "python3", ["-c", script], { encoding: "utf8" }).stdout ?? "";
  const wheels = packages.split("\n").filter(Boolean).flatMap((root) => [join(root, "cu13/bin/nvcc"), join(root, "cuda_nvcc/bin/nvcc")]);
  const found = [process.env.NVCC, "nvcc", ...wheels].filter(Boolean).find(works);
  return found ?? fail("no nvcc: pip install 'nvidia-cuda-nvcc==13.0.*' 'nvidia-nvvm==13.0.*' 'nvidia-cuda-crt==13.0.*' 'nvidia-cuda-runtime==13.0.*' nvidia-cuda-cccl, and name the Python with PYTHON");
}

/** {kernel: {sm_80: {registers, spill_bytes, shared_bytes}}} from the output of ptxas -v. */
function resources(log) {
  const kernels = {};
  let at;
  for (const line of log.split("\n")) {
    const entry = /Compiling entry function '(\w+)' for '(\w+)'/.exec(line);
    if (entry) at = (kernels[entry[1]] ??= {})[entry[2]] = {};
    const spills = /(\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (spills && at) at.spill_bytes = Number(spills[1]) + Number(spills[2]);
    const used = /Used (\d+) registers/.exec(line);
    if (used && at) Object.assign(at, { registers: Number(used[1]), shared_bytes: Number(/(\d+) bytes smem/.exec(line)?.[1] ?? 0) });
  }
  return Object.fromEntries(Object.entries(kernels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fail(message) {
  console.error(message);
  process.exit(6);
}

const verbs = { emulator, device };
const verb = verbs[process.argv[2]];
if (!verb) fail(`node kernels/build.mjs ${Object.keys(verbs).join("|")}`);
verb();
