import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../../formats/files.ts";
import { setupFolder } from "../packages.ts";
import { command } from "./command.ts";
import { folderSize, partialFolder, requireSpace } from "./folder.ts";

/** Version of the library, which is that of the Python package. */
const TENSORFLOW = "2.21.0";

/** Bytes downloaded in total, and bytes that must be free; measured with TensorFlow 2.21.0. */
const SIZES = {
  cpu: { download: 0.275e9, disk: 1.3e9 },
  cuda: { download: 3.4e9, disk: 8e9 },
};
export type Variant = keyof typeof SIZES;

/** Wheel tags for pip, taken literally. Any Python can fetch them, because Python runs nothing in them. */
const TAGS = [
  ...["manylinux_2_27", "manylinux_2_17", "manylinux2014"].flatMap((tag) => ["--platform", `${tag}_x86_64`]),
  ...["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"],
];

/** Unpacked parts: libraries, the headers that the binding includes, and the wheel's metadata and licences. */
const NEEDED = [
  "tensorflow/libtensorflow*",
  "tensorflow/include/tensorflow/c/*",
  "tensorflow/include/tensorflow/core/platform/ctstring*",
  "tensorflow/include/tsl/platform/ctstring*",
  "tensorflow/include/xla/tsl/c/*",
  "nvidia/*/lib/*",
  "*.dist-info/METADATA",
  "*.dist-info/*LICEN[CS]E*",
];

const UNPACK = `
import fnmatch, sys, zipfile
wheel, folder, *needed = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    z.extractall(folder, [n for n in z.namelist() if any(fnmatch.fnmatchcase(n, p) for p in needed)])
`;

export type FetchEvent =
  | { readonly kind: "step"; readonly step: string }
  /** Bytes downloaded so far over all wheels, and the approximate total. */
  | { readonly kind: "bytes"; readonly done: number; readonly total: number };

export interface FetchOptions {
  readonly python: string;
  readonly signal: AbortSignal;
  onEvent(event: FetchEvent): void;
}

const storeOf = (variant: Variant): string => join(setupFolder(), `libtensorflow-${variant}`);

/** Removes the libraries of all wheels except the one that the binding uses; `null`: of all. */
export function keepOnly(used: Variant | null): void {
  for (const variant of Object.keys(SIZES) as Variant[]) {
    if (variant !== used) rmSync(storeOf(variant), { recursive: true, force: true });
  }
}

/**
 * Fetches TensorFlow's library with its headers, and for `cuda` NVIDIA's libraries where it looks for them (../nvidia/NAME/lib).
 * Wheels that an earlier call unpacked are not fetched again. @returns the folder `tensorflow`
 */
export async function fetchLibrary(variant: Variant, options: FetchOptions): Promise<string> {
  const store = storeOf(variant);
  makeFolder(store);
  let before = 0;
  const fetch = async (requirement: string): Promise<void> => {
    const name = /^[\w-]+/.exec(requirement)![0];
    const complete = join(store, `${name}.complete`);
    if (existsSync(complete)) return;
    requireSpace(store, SIZES[variant].disk - folderSize(store));
    options.onEvent({ kind: "step", step: `download ${requirement}` });
    before += await fetchWheel(requirement, store, options, (bytes) =>
      options.onEvent({ kind: "bytes", done: before + bytes, total: SIZES[variant].download }),
    );
    writeFileSync(complete, "");
  };
  await fetch(`${variant === "cuda" ? "tensorflow" : "tensorflow-cpu"}==${TENSORFLOW}`);
  if (variant === "cuda") for (const requirement of cudaRequirements(store)) await fetch(requirement);
  return join(store, "tensorflow");
}

/** Requirements of `tensorflow[and-cuda]` from the wheel's METADATA: "nvidia-cudnn-cu12<10.0,>=9.3.0.75", … */
function cudaRequirements(store: string): string[] {
  const metadata = readFileSync(join(store, `tensorflow-${TENSORFLOW}.dist-info`, "METADATA"), "utf8");
  return [...metadata.matchAll(/^Requires-Dist: ([^;\n]+); extra == ["']and-cuda["']/gm)].map(
    (match) => match[1]!,
  );
}

/** Downloads one wheel and unpacks the needed parts. @returns its size in bytes */
async function fetchWheel(
  requirement: string,
  store: string,
  { python, signal }: FetchOptions,
  onBytes: (done: number) => void,
): Promise<number> {
  const folder = partialFolder(join(setupFolder(), "download"));
  const timer = setInterval(() => onBytes(folderSize(folder)), 500);
  try {
    const pip = ["-m", "pip", "download", "--quiet", "--no-cache-dir", "--disable-pip-version-check"];
    const only = ["--no-deps", "--only-binary=:all:", ...TAGS];
    // pip collects the file in TMPDIR; the system's folder for temporary files may be small.
    const env = { TMPDIR: folder };
    const cwd = setupFolder();
    await command(python, [...pip, ...only, "--dest", folder, requirement], { cwd, signal, env });
    clearInterval(timer);
    const wheel = join(folder, readdirSync(folder).find((file) => file.endsWith(".whl"))!);
    await command(python, ["-c", UNPACK, wheel, store, ...NEEDED], { cwd, signal });
    return folderSize(folder);
  } finally {
    clearInterval(timer);
    rmSync(folder, { recursive: true, force: true });
  }
}
