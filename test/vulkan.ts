import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Folders of a chromium, which brings a Vulkan loader and SwiftShader, the software driver. */
const FOLDERS = ["/usr/lib/chromium", "/opt/google/chrome"];

/**
 * Makes SwiftShader the Vulkan driver of this process, before onnxruntime is loaded, unless LORAFIT_TEST_GPU is set, which tests on
 * the machine's own.
 * @returns the reason why there is none, or null
 */
export function useSoftwareVulkan(): string | null {
  if (process.env["LORAFIT_TEST_GPU"]) return null;
  if (process.platform !== "linux" || process.arch !== "x64") return "SwiftShader is looked for on Linux x64";
  const named = process.env["LORAFIT_CHROMIUM"];
  const folder = [...FOLDERS, ...(named === undefined ? [] : [dirname(named)])].find(
    (path) => existsSync(join(path, "libvulkan.so.1")) && existsSync(join(path, "vk_swiftshader_icd.json")),
  );
  if (folder === undefined) return "no chromium here brings SwiftShader (Debian: apt-get install chromium)";
  process.env["LORAFIT_VULKAN"] = join(folder, "libvulkan.so.1");
  process.env["VK_DRIVER_FILES"] = join(folder, "vk_swiftshader_icd.json");
  // Loaders before 1.3.207 know this name only.
  process.env["VK_ICD_FILENAMES"] = process.env["VK_DRIVER_FILES"];
  // SwiftShader's window system code wants it.
  process.env["XDG_RUNTIME_DIR"] ??= tmpdir();
  return null;
}
