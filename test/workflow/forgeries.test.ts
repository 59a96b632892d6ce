import {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadTask } from "../../src/task/load.ts";
import { findRun } from "../../src/train/run-folder.ts";
import { evaluateRun } from "../../src/workflow/eval-run.ts";
import { gateRun } from "../../src/workflow/gate-run.ts";
import { inspect } from "../../src/workflow/inspect/inspect.ts";
import { lockProject } from "../../src/workflow/lock-task.ts";
import { runPipeline } from "../../src/workflow/pipeline.ts";
import { Project } from "../../src/workflow/project.ts";
import { releaseRun } from "../../src/workflow/release/release.ts";
import { ROLES, type Role, signRun, standings } from "../../src/workflow/release/sign.ts";
import { openRun, type Run } from "../../src/workflow/run.ts";
import { passingTask } from "../cli/passing-task.ts";

const judged = passingTask();
const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "lorafit-forgery-"));

/** Runs a stage to its end. @returns its result */
async function finish<T>(events: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value as T;
  }
}

function sign(run: string): void {
  for (const role of Object.keys(ROLES) as Role[]) signRun(run, { role, name: "Ada" });
}

beforeAll(async () => {
  const { verdict } = await finish(runPipeline(new Project(loadTask(judged))));
  expect(verdict.verdict).toBe("pass");
}, 240_000);

/** A copy of the judged task, signed by all roles. */
function signed(): { task: string; run: string } {
  const task = emptyFolder();
  cpSync(judged, task, { recursive: true });
  const run = findRun(task);
  sign(run);
  return { task, run };
}

const release = (run: string, override?: string) =>
  releaseRun(openRun(run), { out: join(emptyFolder(), "out"), ...(override && { override }) });

/** Changes the JSON in a file. */
function edit(file: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(file, "utf8"));
  change(json);
  writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
}

/** Changes the rows of answers.jsonl. */
function editAnswers(run: string, change: (row: Record<string, unknown>) => void): void {
  const file = join(run, "answers.jsonl");
  const rows = readFileSync(file, "utf8").trim().split("\n");
  const changed = rows.map((line) => {
    const row = JSON.parse(line);
    change(row);
    return JSON.stringify(row);
  });
  writeFileSync(file, `${changed.join("\n")}\n`);
}

const flipBit = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[bytes.length + at]! ^= 1;
  writeFileSync(file, bytes);
};

const tuned = (run: string, name: string): string => join(run, "export/onnx/tuned", name);

/** Changes by a person with write access after the signatures, and the refusal that must name them. */
const FORGERIES: Record<string, { forge: (at: { task: string; run: string }) => void; says: RegExp }> = {
  "the adapter's scale in adapter_config.json": {
    forge: ({ run }) =>
      edit(join(run, "adapter/adapter_config.json"), (json) => {
        json["lora_alpha"] = 50 * Number(json["lora_alpha"]);
      }),
    says: /adapter\/adapter_config\.json: has changed/,
  },
  "the adapter's weights": {
    forge: ({ run }) => flipBit(join(run, "adapter/adapter_model.safetensors"), -3),
    says: /adapter\/adapter_model\.safetensors: has changed/,
  },
  "adapter and export.json together": {
    forge: ({ run }) => {
      flipBit(join(run, "adapter/adapter_model.safetensors"), -3);
      edit(tuned(run, "export.json"), (json) => {
        json["adapter_sha256"] = "0".repeat(64);
      });
    },
    says: /adapter_model\.safetensors: has changed[\s\S]*model\/export\.json: has changed/,
  },
  "export.json alone": {
    forge: ({ run }) =>
      edit(tuned(run, "export.json"), (json) => {
        json["comparison"] = { logits: 0 };
      }),
    says: /model\/export\.json: has changed/,
  },
  "the weights in the ONNX graph": {
    forge: ({ run }) => flipBit(tuned(run, "onnx/model.onnx"), -9),
    says: /model\/onnx\/model\.onnx: has changed/,
  },
  "the base's graph in place of the tuned one": {
    forge: ({ run }) => cpSync(join(run, "export/onnx/base/onnx/model.onnx"), tuned(run, "onnx/model.onnx")),
    says: /model\/onnx\/model\.onnx: has changed/,
  },
  "the chat template": {
    forge: ({ run }) => appendFileSync(tuned(run, "tokenizer_config.json"), " "),
    says: /model\/tokenizer_config\.json: has changed/,
  },
  "a file more in the export": {
    forge: ({ run }) => writeFileSync(tuned(run, "onnx/custom.py"), ""),
    says: /model\/onnx\/custom\.py: was added/,
  },
  "a file more in the adapter": {
    forge: ({ run }) => writeFileSync(join(run, "adapter/README.md"), "trust me"),
    says: /adapter\/README\.md: was added/,
  },
  "a file less": {
    forge: ({ run }) => rmSync(tuned(run, "generation_config.json")),
    says: /model\/generation_config\.json: is missing/,
  },
  "a symbolic link to the same bytes": {
    forge: ({ task, run }) => {
      const file = join(run, "adapter/adapter_config.json");
      renameSync(file, join(task, "elsewhere.json"));
      symlinkSync(join(task, "elsewhere.json"), file);
    },
    says: /adapter\/adapter_config\.json: is a symbolic link/,
  },
  "a hard link to the same bytes": {
    forge: ({ task, run }) => linkSync(tuned(run, "config.json"), join(task, "elsewhere.json")),
    says: /model\/config\.json: is a hard link to a file outside/,
  },
  "a symbolic link in place of the folder": {
    forge: ({ task, run }) => {
      renameSync(join(run, "adapter"), join(task, "elsewhere"));
      symlinkSync(join(task, "elsewhere"), join(run, "adapter"));
    },
    says: /adapter: is a symbolic link/,
  },
  "scores in answers.jsonl": {
    forge: ({ run }) =>
      editAnswers(run, (row) => {
        const base = row["base"] as Record<string, unknown>;
        base["score"] = 1 - Number(base["score"]);
      }),
    says: /these scores are not what the answers give/,
  },
  "verdict.json": {
    forge: ({ run }) =>
      edit(join(run, "verdict.json"), (json) => {
        json["amendments"] = [{ at: "2026-01-01", reason: "none", changes: [], looks: 1 }];
      }),
    says: /verdict\.json is not what the answers give/,
  },
  "verdict.json and the adapter together": {
    forge: ({ run }) => {
      writeFileSync(join(run, "adapter/README.md"), "trust me");
      edit(join(run, "verdict.json"), (json) => {
        (json["files"] as Record<string, string>)["adapter/README.md"] =
          "1a3a2ccd0c2a3e3e3d7d4a7c3b1f3d8f1cbb9ac6b0ad5b4e5f6d7c8b9a0f1e2d";
      });
    },
    says: /adapter\/README\.md: has changed/,
  },
  "the ledger removed": {
    forge: ({ task }) => rmSync(join(task, "looks.jsonl")),
    says: /the ledger of looks was cut or replaced/,
  },
  "ledger and lock removed": {
    forge: ({ task }) => {
      rmSync(join(task, "looks.jsonl"));
      rmSync(join(task, "task.lock"));
    },
    says: /the task is not locked/,
  },
  "the ledger cut": {
    forge: ({ task }) => writeFileSync(join(task, "looks.jsonl"), ""),
    says: /the ledger of looks was cut or replaced/,
  },
  "criteria moved in task.yaml and task.lock": {
    forge: ({ task }) => {
      for (const [file, from, to] of [
        ["task.yaml", "effect: 0.2", "effect: 0.1"],
        ["task.lock", '"effect": 0.2', '"effect": 0.1'],
      ] as const) {
        writeFileSync(join(task, file), readFileSync(join(task, file), "utf8").replace(from, to));
      }
    },
    says: /is not the lock that was last looked with/,
  },
};

describe("release refuses, with an override too, after a change of", () => {
  test.each(Object.entries(FORGERIES))("%s", async (_name, { forge, says }) => {
    const at = signed();
    forge(at);
    for (const override of [undefined, "in a hurry"]) {
      const refused = await release(at.run, override).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ kind: "failed", message: expect.stringMatching(says) });
    }
  });
});

test("release accepts an unchanged run", async () => {
  const { run } = signed();
  const { verdict, override, files } = await release(run);
  expect({ verdict, override }).toEqual({ verdict: "pass", override: null });
  const { files: listed } = openRun(run).verdict;
  expect(Object.keys(files)).toEqual(expect.arrayContaining(Object.keys(listed)));
  expect(Object.keys(listed)).toEqual(
    expect.arrayContaining(["adapter/adapter_config.json", "model/export.json", "model/onnx/model.onnx"]),
  );
});

/** Replaces the tuned export by the base's. */
const swapArtefact = (run: string): void =>
  cpSync(join(run, "export/onnx/base"), join(run, "export/onnx/tuned"), { recursive: true });

test("another artefact can be neither signed nor judged on the answers of this one", async () => {
  const { run } = signed();
  swapArtefact(run);
  expect(() => signRun(run, { role: "qa", name: "Cleo" })).toThrow(
    /is not as it was judged[\s\S]*model\.onnx/,
  );
  expect(standings(run).map(({ void: why }) => why)).toEqual(Array(3).fill("the artefact changed after it"));
  await expect(finish(gateRun(openRun(run)))).rejects.toMatchObject({ kind: "mismatch" });
});

test("sign-offs of another run do not count", async () => {
  const [one, other] = [signed(), signed()];
  edit(join(other.run, "verdict.json"), (json) => {
    json["task"] = "another";
  });
  cpSync(join(one.run, "sign-offs.jsonl"), join(other.run, "sign-offs.jsonl"));
  expect(standings(other.run).every(({ void: why }) => why === "the verdict changed after it")).toBe(true);
});

describe("the gate refuses, before a look is taken,", () => {
  const looks = (task: string): string => readFileSync(join(task, "looks.jsonl"), "utf8");
  const refuses = async (run: Run, says: RegExp, task: string) => {
    const before = looks(task);
    await expect(finish(gateRun(run))).rejects.toMatchObject({
      kind: "mismatch",
      message: expect.stringMatching(says),
    });
    expect(looks(task)).toBe(before);
  };

  test("an adapter that was scaled after the export", async () => {
    const { task, run } = signed();
    edit(join(run, "adapter/adapter_config.json"), (json) => {
      json["lora_alpha"] = 400;
    });
    await refuses(openRun(run), /adapter: is not the one that the exported model was made of/, task);
    await finish(evaluateRun(openRun(run)));
    expect(existsSync(tuned(run, "export.json"))).toBe(true);
    expect(openRun(run).answers[0]!.artifact_sha256).not.toBe(openRun(run).verdict.artifact_sha256);
  }, 120_000);

  test("files that lorafit did not write", async () => {
    const { task, run } = signed();
    writeFileSync(tuned(run, "modeling.py"), "");
    await refuses(openRun(run), /model\/modeling\.py: was not written by lorafit/, task);
  });

  test("preferences that do not fit their scores", async () => {
    const { task, run } = signed();
    editAnswers(run, (row) => {
      const side = row["tuned"] as { preferences?: { preferred: string; to: string[] }[] };
      for (const preference of side.preferences ?? []) {
        [preference.preferred, preference.to[0]] = [preference.to[0]!, preference.preferred];
      }
    });
    await refuses(openRun(run), /d0: tuned/, task);
  });
});

test("with ledger and lock removed, the verdicts do not let the task be locked anew", async () => {
  const { task } = signed();
  rmSync(join(task, "looks.jsonl"));
  rmSync(join(task, "task.lock"));
  await expect(finish(lockProject(new Project(loadTask(task))))).rejects.toMatchObject({
    kind: "mismatch",
    message: expect.stringMatching(/ledger of looks was cut or replaced[\s\S]*its look is not there/),
  });
});

test("with ledger and verdict removed, the lock does not let the run be judged anew", async () => {
  const { task, run } = signed();
  rmSync(join(task, "looks.jsonl"));
  rmSync(join(run, "verdict.json"));
  await expect(finish(gateRun(openRun(run)))).rejects.toMatchObject({
    kind: "mismatch",
    message: expect.stringContaining("task.lock: names entry 1 of the ledger"),
  });
});

describe("inspect names, in a release,", () => {
  const RELEASED: Record<string, { forge: (out: string) => void; damaged: string[] }> = {
    "a scaled adapter": {
      forge: (out) =>
        edit(join(out, "adapter/adapter_config.json"), (json) => {
          json["lora_alpha"] = 400;
        }),
      damaged: ["adapter/adapter_config.json: has changed"],
    },
    "a scaled adapter whose new hash is in release.json": {
      forge: (out) => {
        const file = join(out, "adapter/adapter_config.json");
        const other = readFileSync(join(out, "config.json"));
        const { sha256 } = JSON.parse(readFileSync(join(out, "release.json"), "utf8")).files["config.json"];
        writeFileSync(file, other);
        edit(join(out, "release.json"), (json) => {
          (json["files"] as Record<string, unknown>)["adapter/adapter_config.json"] = {
            bytes: other.length,
            sha256,
          };
        });
      },
      damaged: ["release.json: names another adapter/adapter_config.json than verdict.json"],
    },
    "another verdict in release.json": {
      forge: (out) =>
        edit(join(out, "release.json"), (json) => {
          json["verdict"] = "fail";
        }),
      damaged: ["release.json: names another verdict than verdict.json"],
    },
    "a link in place of a file": {
      forge: (out) => {
        rmSync(join(out, "policy.md"));
        symlinkSync("/etc/hostname", join(out, "policy.md"));
      },
      damaged: ["policy.md: is a symbolic link", "policy.md: is missing"],
    },
  };
  test.each(Object.entries(RELEASED))("%s", async (_name, { forge, damaged }) => {
    const out = join(emptyFolder(), "out");
    await releaseRun(openRun(signed().run), { out });
    expect((await inspect(out, emptyFolder())).damaged).toEqual([]);
    forge(out);
    expect((await inspect(out, emptyFolder())).damaged).toEqual(damaged);
  });
});
