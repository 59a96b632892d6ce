import { expect, test, vi } from "vitest";
import { selectEngine } from "../../../src/engines/select.ts";

test.skipIf(process.platform !== "linux")(
  "without a Vulkan loader, webgpu says where to get one",
  async () => {
    vi.stubEnv("LORAFIT_VULKAN", "/nowhere/libvulkan.so.1");
    await expect(selectEngine("webgpu")).rejects.toMatchObject({
      kind: "environment",
      message: expect.stringMatching(
        /^--engine webgpu cannot run here: webgpu: no Vulkan loader: \/nowhere\/libvulkan\.so\.1 .*apt-get install libvulkan1/,
      ),
    });
    expect((await selectEngine()).engine.name).not.toBe("webgpu");
  },
);
