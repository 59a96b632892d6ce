import { describe, expect, test } from "vitest";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { trainLoop } from "../../../src/train/loop.ts";
import { START } from "../../../src/train/progress.ts";
import { finish, looping, openRun, parametersOf, plan, poisoned } from "../../train/looping.ts";
import { library, missing } from "./emulator.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

describe.skipIf(missing !== null)("the training loop on the emulator", () => {
  test.each([64, 16])(
    "a step starts while the previous one's results are read, with the same losses and parameters (micro-batches of %d)",
    async (microBatchTokens) => {
      const steps = plan({ length: { steps: 7 }, microBatchTokens });
      const train = async (overlaps: boolean) => {
        const run = await openRun(0.2, cudaEngine);
        expect(run.stepper.overlaps).toBe(true);
        let [inFlight, most] = [0, 0];
        const stepper = {
          ...run.stepper,
          overlaps,
          async step(...args: Parameters<typeof run.stepper.step>) {
            most = Math.max(most, ++inFlight);
            return run.stepper.step(...args).finally(() => inFlight--);
          },
        };
        const options = looping(run, { stepper, batchPlan: steps, validateEvery: 5, checkpointEvery: 5 });
        const { seen } = await finish(trainLoop(options, START));
        const losses = seen.flatMap((event) => (event.event === "step-end" ? [event.loss] : []));
        const parameters = await parametersOf(run);
        await run.session.close();
        return { losses, parameters, most };
      };
      const [apart, together] = [await train(false), await train(true)];
      expect([apart.most, together.most]).toEqual([1, 2]);
      expect(together.losses).toEqual(apart.losses);
      expect(together.parameters).toEqual(apart.parameters);
    },
  );

  test("consecutive non-finite steps end the run while the next step is in flight", async () => {
    const run = await openRun(0, cudaEngine);
    const sick = poisoned((step) => step >= 2, { length: { steps: 7 } });
    const options = looping(run, { batchPlan: sick, validateEvery: 7, checkpointEvery: 7 });
    await expect(finish(trainLoop(options, START))).rejects.toMatchObject({
      message: expect.stringMatching(/^step 4: .* 2 times in a row/),
    });
    await run.session.close();
  });
});
