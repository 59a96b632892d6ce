import { test } from "vitest";
import { wilsonInterval } from "../../src/evaluate/decision/wilson.ts";
import { expectClose } from "../expect-close.ts";

// statsmodels 0.15.0: proportion_confint(k, n, 0.05, method="wilson")
test.each([
  [0, 10, 0, 0.27753279986288926],
  [1, 10, 0.017876213095072924, 0.40415002679523854],
  [12, 225, 0.03076882115838875, 0.09089383107329868],
  [67, 225, 0.2418285220052418, 0.3605162608459201],
  [21, 21, 0.845360981075153, 1],
  [3, 7, 0.15821985525146964, 0.7495416354723428],
])("%i of %i as statsmodels has it", (k, n, low, high) => {
  expectClose(wilsonInterval(k / n, n), [low, high], 1e-14);
});
