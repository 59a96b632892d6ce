import { createRequire } from "node:module";
import type { LibraryHandle } from "koffi";
import { LorafitError } from "../../errors.ts";

/** Kind of a Vulkan device (VkPhysicalDeviceType). */
const KINDS = ["other", "integrated", "discrete", "virtual", "software"] as const;
export type AdapterKind = (typeof KINDS)[number];

/** A device that a driver of this machine offers. */
export interface Adapter {
  readonly name: string;
  readonly kind: AdapterKind;
  /** Name and version of the driver. */
  readonly driver: string;
  /** Largest buffer range that a shader can address, in bytes. */
  readonly maxBinding: number;
  /** Memory of the device, and what is free of it as far as the driver says, in bytes. */
  readonly memory: number;
  readonly free: number;
}

/** File name of the Vulkan loader; LORAFIT_VULKAN overrides the system's. */
export const vulkanLibrary = (): string => process.env["LORAFIT_VULKAN"] || "libvulkan.so.1";

let loader: LibraryHandle | undefined;

/**
 * Loads the Vulkan loader, once per process. onnxruntime opens it by its name later and gets this one.
 * @throws environment error if there is none, with where to get it
 */
export function loadVulkan(): LibraryHandle {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  try {
    loader ??= koffi.load(vulkanLibrary());
    return loader;
  } catch (cause) {
    throw new LorafitError(
      "environment",
      `no Vulkan loader: ${vulkanLibrary()} cannot be loaded (Debian, Ubuntu: apt-get install libvulkan1; Fedora: vulkan-loader)`,
      { hint: "install it, or name its file in LORAFIT_VULKAN", cause },
    );
  }
}

/** Order in which the provider prefers adapters when it asks for high performance. */
const PREFERENCE: readonly AdapterKind[] = ["discrete", "integrated", "virtual", "other", "software"];

// Structure types and sizes: vulkan_core.h. All offsets are for 64-bit systems.
const INSTANCE_CREATE_INFO = 1;
const APPLICATION_INFO = 0;
const PROPERTIES_2 = 1000059001;
const DRIVER_PROPERTIES = 1000196000;
const MEMORY_PROPERTIES_2 = 1000059006;
const MEMORY_BUDGET = 1000237000;
const VULKAN_1_1 = (1 << 22) | (1 << 12);
const MAX_HEAPS = 16;
/** Bit of a heap in the device's own memory. */
const DEVICE_LOCAL = 1;

/**
 * Adapters of the Vulkan drivers on this machine, the one that the provider takes first.
 * @throws Error if there is no loader, or it does not start
 */
export function vulkanAdapters(): Adapter[] {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const library = loadVulkan();
  const address = (buffer: Buffer): bigint => BigInt(koffi.address(buffer));
  const call = (signature: string): ((...args: unknown[]) => number) => library.func(signature);
  const create = call("int vkCreateInstance(void *info, void *allocator, void *instance)");
  const enumerate = call("int vkEnumeratePhysicalDevices(uint64_t instance, void *count, void *devices)");
  const properties = call("void vkGetPhysicalDeviceProperties2(uint64_t device, void *properties)");
  const extensions = call(
    "int vkEnumerateDeviceExtensionProperties(uint64_t device, void *layer, void *count, void *properties)",
  );
  const memory = call("void vkGetPhysicalDeviceMemoryProperties2(uint64_t device, void *properties)");
  const destroy = call("void vkDestroyInstance(uint64_t instance, void *allocator)");

  const application = Buffer.alloc(48);
  application.writeInt32LE(APPLICATION_INFO, 0);
  application.writeUInt32LE(VULKAN_1_1, 44);
  const info = Buffer.alloc(64);
  info.writeInt32LE(INSTANCE_CREATE_INFO, 0);
  info.writeBigUInt64LE(address(application), 24);
  const handle = Buffer.alloc(8);
  const status = create(info, null, handle);
  if (status !== 0)
    throw new LorafitError(
      "environment",
      `${vulkanLibrary()} finds no Vulkan driver (vkCreateInstance: ${status}): NVIDIA's driver has one; AMD, Intel: mesa-vulkan-drivers`,
    );
  const instance = handle.readBigUInt64LE();
  try {
    const count = Buffer.alloc(4);
    enumerate(instance, count, null);
    const devices = Buffer.alloc(8 * count.readUInt32LE());
    enumerate(instance, count, devices);
    const found = Array.from({ length: count.readUInt32LE() }, (_, i) => devices.readBigUInt64LE(8 * i));
    return found
      .map((device) => describe(device))
      .sort((a, b) => PREFERENCE.indexOf(a.kind) - PREFERENCE.indexOf(b.kind));
  } finally {
    destroy(instance, null);
  }

  function hasExtension(device: bigint, name: string): boolean {
    const count = Buffer.alloc(4);
    extensions(device, null, count, null);
    const all = Buffer.alloc(260 * count.readUInt32LE());
    extensions(device, null, count, all);
    return Array.from({ length: count.readUInt32LE() }, (_, i) => text(all, 260 * i)).includes(name);
  }

  function describe(device: bigint): Adapter {
    const driver = chained(DRIVER_PROPERTIES, 16 + 4 + 256 + 256 + 4, 0n);
    const all = chained(PROPERTIES_2, 16 + 824, address(driver));
    properties(device, all);
    // VkPhysicalDeviceProperties begins at 16, its limits at 296.
    const kind = KINDS[all.readUInt32LE(16 + 16)] ?? "other";
    const budget = chained(MEMORY_BUDGET, 16 + 2 * 8 * MAX_HEAPS, 0n);
    const told = hasExtension(device, "VK_EXT_memory_budget");
    const heaps = chained(MEMORY_PROPERTIES_2, 16 + 520, told ? address(budget) : 0n);
    memory(device, heaps);
    // VkPhysicalDeviceMemoryProperties: types take 4 + 32 * 8 bytes, then come the heaps' count and the heaps.
    const places = Array.from({ length: heaps.readUInt32LE(16 + 260) }, (_, i) => i).filter(
      (i) => (heaps.readUInt32LE(16 + 264 + 16 * i + 8) & DEVICE_LOCAL) !== 0,
    );
    const largest = places.reduce(
      (best, i) => (sizeOf(heaps, i) > sizeOf(heaps, best) ? i : best),
      places[0] ?? 0,
    );
    const size = sizeOf(heaps, largest);
    const [allowed, used] = [
      budget.readBigUInt64LE(16 + 8 * largest),
      budget.readBigUInt64LE(144 + 8 * largest),
    ];
    return {
      name: text(all, 16 + 20),
      kind,
      driver: [text(driver, 20), text(driver, 276)].filter((part) => part !== "").join(" "),
      maxBinding: all.readUInt32LE(16 + 296 + 28),
      memory: size,
      free: allowed === 0n ? size : Math.max(0, Number(allowed - used)),
    };
  }
}

const sizeOf = (heaps: Buffer, i: number): number => Number(heaps.readBigUInt64LE(16 + 264 + 16 * i));

/** A structure of this type, with the next one in its chain. */
function chained(type: number, bytes: number, next: bigint): Buffer {
  // A buffer of its own, which the garbage collector does not move.
  const buffer = Buffer.from(new ArrayBuffer(bytes + ((8 - (bytes % 8)) % 8)));
  buffer.writeInt32LE(type, 0);
  buffer.writeBigUInt64LE(next, 8);
  return buffer;
}

const text = (buffer: Buffer, at: number): string => {
  const end = buffer.indexOf(0, at);
  return buffer.toString("utf8", at, end);
};
