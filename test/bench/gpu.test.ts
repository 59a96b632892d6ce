import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { gpuTables } = (await import(new URL("../../bench/gpu-table.mjs", import.meta.url).href)) as {
  gpuTables(folder: string): string;
};
const scratch = (): string => mkdtempSync(join(tmpdir(), "gpu-"));

async function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  // Hides the driver of this machine.
  const driver = join(root, "no-such-driver.so");
  const child = spawn(command, args, { cwd, env: { ...env, LORAFIT_CUDA_DRIVER: driver } });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, stderr };
}

const here = (script: string, ...args: string[]) =>
  run(process.execPath, [`bench/${script}`, ...args], root, process.env);
const gpu = (...args: string[]) => here("gpu.mjs", ...args);

const side = (p50: number, changes: object = {}) => ({
  tokens_per_second: Math.round(4096e3 / p50),
  step_ms: { p50, p90: p50 + 1 },
  conclusive: true,
  ready_ms: 2500,
  engine_peak_bytes: 2 ** 30,
  versions: { torch: "2.15.0" },
  ...changes,
});

/** A folder with one result: lorafit at 10 ms for 8x512 against each peer. */
function resultOf(pairs: object[], model = "smollm2-135m"): string {
  const folder = scratch();
  const result = {
    model,
    shape: { batch: 8, sequence: 512, rank: 16, targets: "all-linear" },
    supervised: 0.5,
    engine: {
      name: "cuda",
      version: "driver 13.0",
      cases: 70,
      worst_error: 1e-3,
      library: "/usr/lib/libcublasLt.so.13",
    },
    machine: { device: "NVIDIA H100 80GB HBM3", driver: "580.1", cpu: "a CPU", cores: 2 },
    date: "2026-01-01",
    profile: {
      model_flops: 989e9,
      kernels: [
        { op: "linear", kernel: "gemm", calls: 30, ms: 6 },
        { op: "add", kernel: "sum", calls: 2, ms: 2 },
      ],
    },
    pairs,
  };
  writeFileSync(join(folder, `gpu-${model}-8x512.json`), JSON.stringify(result));
  return folder;
}

test("a ratio is compared with its target, for the peer's best precision", () => {
  const met = gpuTables(
    resultOf([
      { peer: "peft-eager-bf16", ours: side(10), theirs: side(45) },
      { peer: "peft-eager-autocast", ours: side(10), theirs: side(52) },
      { peer: "peft-compile-bf16", ours: side(10), theirs: side(15) },
      { peer: "peft-reduce-overhead-bf16", failed: "peft-reduce-overhead-bf16: overwritten outputs" },
    ]),
  );
  // 989 GFLOP in 10 ms are a tenth of an H100's peak rate.
  expect(met).toContain(
    "| smollm2-135m 8x512 | 409600 | 10 (p90 11) | PEFT eager: eager-bf16 45 (p90 46) | 4.50x | 4x | met | 10 % |",
  );
  expect(met).toMatch(/torch.compile: compile-bf16 15 \(p90 16\) \| 1\.50x \| 1\.6x \| \*\*missed\*\*/);
  expect(met).toMatch(/peft-reduce-overhead-bf16: overwritten outputs/);
  expect(met).toContain("GEMMs by cuBLASLt (/usr/lib/libcublasLt.so.13) where it is faster.");
  expect(met).toMatch(/gemm \| 30 \| 6 \| 75 %/);
  expect(met).toMatch(/\| 2\.5 s \| met \| 1024 MiB \|/);
});

test("an inconclusive or missing measurement has no verdict", () => {
  const busy = side(10, { conclusive: false, ready_ms: 3500 });
  const unclear = gpuTables(resultOf([{ peer: "peft-eager-bf16", ours: busy, theirs: side(90) }]));
  expect(unclear).toMatch(/9\.00x \| 4x \| not conclusive/);
  expect(unclear).toMatch(/torch\.compile: not measured \| \| 1\.6x \| \| \|/);
  expect(unclear).toMatch(/\| 3\.5 s \| \*\*missed\*\* \|/);
  const without = gpuTables(
    resultOf([{ peer: "peft-eager-bf16", ours: side(10), theirs: side(90) }], "other"),
  );
  expect(without).toMatch(/9\.00x \| {2}\| {2}\| 10 % \|/);
  expect(gpuTables(scratch())).toBe("");
});

test("without a GPU the missing part is named in one line", async () => {
  const { status, stdout, stderr } = await gpu("--out", scratch());
  expect(status).toBe(6);
  expect(stdout).toBe("");
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(/cuda/);
});

test("a trial on another engine runs conformance and timing, stores the result, and continues after an interruption", async () => {
  const out = scratch();
  const model = join(root, "test/golden/qwen2/model");
  const args = [
    "--engine",
    "onnx",
    "--models",
    model,
    "--shapes",
    "2x16",
    "--peers",
    "",
    "--rounds",
    "2",
    "--burst",
    "3",
  ];
  expect((await gpu(...args)).status).toBe(2);
  const first = await gpu(...args, "--out", out);
  expect(first.status, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^onnx: \d+ cases, largest relative error/);
  const file = join(out, "gpu-model-2x16.json");
  const read = () => JSON.parse(readFileSync(file, "utf8"));
  const { pairs, ...result } = read();
  expect(result).toMatchObject({
    model: "model",
    shape: { batch: 2, sequence: 16, rank: 16, targets: "all-linear" },
    engine: { name: "onnx", version: "1.30.0" },
  });
  expect(result.profile.model_flops).toBeGreaterThan(0);
  expect(pairs).toHaveLength(1);
  expect(pairs[0]).toMatchObject({ peer: null, ours: { side: "onnx", samples: 6 }, theirs: null });
  // Random weights: the loss of a uniform guess among 61 tokens.
  expect(pairs[0].ours.loss).toBeCloseTo(Math.log(61), 0);
  expect((await gpu(...args, "--out", out)).stdout).not.toMatch(/2x16: onnx/);
  expect(read().pairs).toEqual(pairs);
}, 120_000);

test("the pack for a GPU machine is complete", async () => {
  const folder = join(scratch(), "pack");
  expect((await here("gpu-pack.mjs", folder)).status).toBe(0);
  const model = join(root, "test/golden/qwen2/model");
  const trial = [
    "--engine",
    "reference",
    "--models",
    model,
    "--shapes",
    "1x8",
    "--peers",
    "",
    "--rounds",
    "1",
  ];
  const there = (...args: string[]) =>
    run(join(folder, "bin/node"), ["bench/gpu.mjs", ...args, "--out", join(folder, "out")], folder, {
      HOME: folder,
    });
  const done = await there(...trial);
  expect(done.status, done.stderr).toBe(0);
  expect(done.stdout).toMatch(/model 1x8: reference \d/);
  // Only the driver is missing.
  expect((await there()).stderr).toMatch(/no-such-driver\.so/);
  expect((await here("gpu-pack.mjs", folder)).status).toBe(2);
}, 120_000);

const python = spawnSync("python3", ["--version"]).status === 0;
test.skipIf(!python)(
  "the peer reports the driver as unknown where the kernel module has no version file",
  () => {
    const folder = scratch();
    const file = join(folder, "version");
    writeFileSync(file, "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27\n");
    const empty = join(folder, "empty");
    writeFileSync(empty, "");
    // The function alone: importing the script needs torch.
    const script = `import ast, re, sys
tree = ast.parse(open(sys.argv[1]).read())
body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "driver_version"]
exec(compile(ast.Module(body, []), sys.argv[1], "exec"))
print(*(driver_version(path) for path in sys.argv[2:]))`;
    const peer = join(root, "bench/peers/peft_step.py");
    const { stdout, stderr } = spawnSync(
      "python3",
      ["-c", script, peer, file, empty, join(folder, "absent")],
      {
        encoding: "utf8",
      },
    );
    expect(stdout.trim(), stderr).toBe("580.65.06 unknown unknown");
  },
);
