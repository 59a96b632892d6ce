import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadTask } from "../../src/task/load.ts";
import { findRun } from "../../src/train/run-folder.ts";
import { evaluateRun } from "../../src/workflow/eval-run.ts";
import { gateRun } from "../../src/workflow/gate-run.ts";
import { inspect } from "../../src/workflow/inspect/inspect.ts";
import { lockProject } from "../../src/workflow/lock-task.ts";
import { Project } from "../../src/workflow/project.ts";
import { releaseRun } from "../../src/workflow/release/release.ts";
import { signRun, standings } from "../../src/workflow/release/sign.ts";
import { openRun, Run } from "../../src/workflow/run.ts";
import { emptyFolder, finish, release, sign, signed } from "./judged-task.ts";

beforeAll(signed, 240_000);

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

const replaceIn = (file: string, from: string, to: string): void =>
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to));

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
    says: /answers\.jsonl: has changed/,
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
  "the ledger extended": {
    forge: ({ task }) => {
      const file = join(task, "looks.jsonl");
      const lines = readFileSync(file, "utf8");
      const previous = createHash("sha256").update(lines.trim()).digest("hex");
      appendFileSync(file, `${JSON.stringify({ ...JSON.parse(lines), previous })}\n`);
    },
    says: /task\.lock is not as lorafit writes it/,
  },
  "the ledger's head in task.lock": {
    forge: ({ task }) =>
      edit(join(task, "task.lock"), (json) => {
        delete json["ledger"];
      }),
    says: /task\.lock is not as lorafit writes it/,
  },
  "the purpose in task.yaml": {
    forge: ({ task }) => replaceIn(join(task, "task.yaml"), "questions on returns", "medical questions"),
    says: /task\.yaml: has changed/,
  },
  "a comment in task.yaml": {
    forge: ({ task }) => appendFileSync(join(task, "task.yaml"), "# approved by legal\n"),
    says: /task\.yaml: has changed/,
  },
  "a symbolic link to the same task.yaml": {
    forge: ({ task }) => {
      renameSync(join(task, "task.yaml"), join(task, "real.yaml"));
      symlinkSync(join(task, "real.yaml"), join(task, "task.yaml"));
    },
    says: /task\.yaml: is a symbolic link/,
  },
  "hyperparameters in config.json": {
    forge: ({ run }) =>
      edit(join(run, "config.json"), (json) => {
        (json["settings"] as Record<string, { value: unknown }>)["train.rank"]!.value = 64;
      }),
    says: /config\.json: has changed/,
  },
  "numbers in curation.json": {
    forge: ({ task }) =>
      edit(join(task, "curation.json"), (json) => {
        json["rows"] = 4800;
      }),
    says: /curation\.json: has changed/,
  },
  "curation.json removed": {
    forge: ({ task }) => rmSync(join(task, "curation.json")),
    says: /curation\.json: is missing/,
  },
  "the rows that were trained on": {
    forge: ({ task }) => appendFileSync(join(task, "train.clean.jsonl"), "\n"),
    says: /task\/train\.clean\.jsonl: has changed/,
  },
  "the drift reference": {
    forge: ({ run }) =>
      edit(join(run, "drift/reference.json"), (json) => {
        json["made"] = "2020-01-01";
      }),
    says: /drift\/reference\.json: has changed/,
  },
  "raw queries in drift/": {
    forge: ({ task, run }) => cpSync(join(task, "data/reference.jsonl"), join(run, "drift/queries.jsonl")),
    says: /drift\/queries\.jsonl: was added/,
  },
  "the base's licence": {
    forge: ({ task }) => writeFileSync(join(task, "base/README.md"), "---\nlicense: mit\n---\n"),
    says: /verdict\.json is not what the answers give/,
  },
  "the loss curve": {
    forge: ({ run }) =>
      appendFileSync(join(run, "metrics.jsonl"), '{"event":"step-end","step":31,"loss":0.1}\n'),
    says: /metrics\.jsonl: has changed/,
  },
  "evidence in answers.jsonl that no score depends on": {
    forge: ({ run }) =>
      editAnswers(run, (row) => {
        (row["tuned"] as Record<string, unknown>)["tokens"] = 1;
      }),
    says: /answers\.jsonl: has changed/,
  },
  "the base's export": {
    forge: ({ run }) => flipBit(join(run, "export/onnx/base/onnx/model.onnx"), -9),
    says: /export\/onnx\/base\/onnx\/model\.onnx: has changed/,
  },
  "the layout of verdict.json": {
    forge: ({ run }) => {
      const file = join(run, "verdict.json");
      writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, "utf8"))));
    },
    says: /verdict\.json is not what the answers give/,
  },
  "a symbolic link in place of export/": {
    forge: ({ task, run }) => {
      renameSync(join(run, "export"), join(task, "elsewhere"));
      symlinkSync(join(task, "elsewhere"), join(run, "export"));
    },
    says: /model: is reached through a symbolic link/,
  },
  "an empty folder beside the adapter's files": {
    forge: ({ run }) => mkdirSync(join(run, "adapter/more")),
    says: /adapter\/more: is an empty folder/,
  },
  "a link without a target in place of a file": {
    forge: ({ run }) => {
      rmSync(join(run, "metrics.jsonl"));
      symlinkSync("nowhere", join(run, "metrics.jsonl"));
    },
    says: /^(?![\s\S]*metrics\.jsonl[\s\S]*metrics\.jsonl)[\s\S]*metrics\.jsonl: is a symbolic link/,
  },
  "criteria moved in task.yaml and task.lock": {
    forge: ({ task }) => {
      for (const [file, from, to] of [
        ["task.yaml", "effect: 0.2", "effect: 0.1"],
        ["task.lock", '"effect": 0.2', '"effect": 0.1'],
      ] as const) {
        replaceIn(join(task, file), from, to);
      }
    },
    says: /is not the lock that was last looked with/,
  },
};

describe("sign and release refuse, with an override too, after a change of", () => {
  test.each(Object.entries(FORGERIES))("%s", async (_name, { forge, says }) => {
    const at = await signed();
    forge(at);
    for (const override of [undefined, "in a hurry"]) {
      const refused = await release(at.run, override).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ kind: "failed", message: expect.stringMatching(says) });
    }
    const before = readFileSync(join(at.run, "sign-offs.jsonl"), "utf8");
    await expect(signRun(openRun(at.run), { role: "qa", name: "Cleo" })).rejects.toMatchObject({
      kind: "mismatch",
      message: expect.stringMatching(says),
    });
    expect(readFileSync(join(at.run, "sign-offs.jsonl"), "utf8")).toBe(before);
  });
});

test("release accepts an unchanged run", async () => {
  const { run } = await signed();
  const { verdict, override, files } = await release(run);
  expect({ verdict, override }).toEqual({ verdict: "pass", override: null });
  const { files: listed } = openRun(run).verdict;
  expect(Object.keys(files)).toEqual(expect.arrayContaining(Object.keys(listed)));
  expect(Object.keys(listed)).toEqual(
    expect.arrayContaining(["adapter/adapter_config.json", "model/export.json", "model/onnx/model.onnx"]),
  );
});

test("release accepts a run whose checkpoints were deleted", async () => {
  const { task, run } = await signed();
  rmSync(join(run, "checkpoints"), { recursive: true });
  expect(findRun(task)).toBe(run);
  expect((await release(run)).verdict).toBe("pass");
});

test("a file that changes between reading and copying stops the release", async () => {
  const { task, run } = await signed();
  const opened = openRun(run);
  const [yaml, changed] = [join(task, "task.yaml"), join(task, "changed.yaml")];
  const text = readFileSync(yaml, "utf8");
  writeFileSync(changed, text.replace(/^purpose:.*$/m, "purpose: Sell more."));
  const forged = new Run(new Project({ ...loadTask(changed), file: yaml, folder: task }), opened.path);
  await expect(releaseRun(forged, { out: emptyFolder() })).rejects.toThrow(/task\.yaml: has changed|lock/);
});

/** Replaces the tuned export by the base's. */
const swapArtefact = (run: string): void =>
  cpSync(join(run, "export/onnx/base"), join(run, "export/onnx/tuned"), { recursive: true });

test("another artefact can be neither signed nor judged on the answers of this one", async () => {
  const { run } = await signed();
  swapArtefact(run);
  await expect(signRun(openRun(run), { role: "qa", name: "Cleo" })).rejects.toThrow(
    /not as it was judged[\s\S]*model\.onnx/,
  );
  expect(standings(openRun(run)).map(({ void: why }) => why)).toEqual(
    Array(3).fill("a judged file changed after it"),
  );
  await expect(finish(gateRun(openRun(run)))).rejects.toMatchObject({ kind: "mismatch" });
});

test("sign-offs of another run do not count", async () => {
  const [one, other] = [await signed(), await signed()];
  edit(join(other.run, "verdict.json"), (json) => {
    json["task"] = "another";
  });
  cpSync(join(one.run, "sign-offs.jsonl"), join(other.run, "sign-offs.jsonl"));
  const reasons = standings(openRun(other.run)).map(({ void: why }) => why);
  expect(reasons).toEqual(Array(3).fill("the verdict changed after it"));
});

test.each([
  ["a name", (lines: string) => lines.replace("Ada", "Eve")],
  ["an earlier line", (lines: string) => lines.slice(lines.indexOf("\n") + 1)],
])("sign-offs with a change of %s are refused", async (_what, change) => {
  const { run } = await signed();
  const file = join(run, "sign-offs.jsonl");
  writeFileSync(file, change(readFileSync(file, "utf8")));
  await expect(release(run)).rejects.toMatchObject({
    kind: "data",
    message: expect.stringContaining("sign-offs.jsonl:1: was changed, or the line before it is missing"),
  });
  await expect(sign(run)).rejects.toMatchObject({ kind: "data" });
});

test("training data may be links into a cache", async () => {
  const { task, run } = await signed();
  renameSync(join(task, "train.clean.jsonl"), join(task, "cache"));
  symlinkSync(join(task, "cache"), join(task, "train.clean.jsonl"));
  expect((await release(run)).override).toBeNull();
});

test("a renamed run keeps its verdict and its sign-offs, and the release names it by its id", async () => {
  const { run } = await signed();
  const renamed = join(run, "../2099-best-run");
  renameSync(run, renamed);
  const released = await release(renamed);
  expect(released.run).toBe(basename(run));
  expect(released.sign_offs.every(({ void: why }) => why === undefined)).toBe(true);
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
    const { task, run } = await signed();
    edit(join(run, "adapter/adapter_config.json"), (json) => {
      json["lora_alpha"] = 400;
    });
    await refuses(openRun(run), /adapter: is not the one that the exported model was made of/, task);
    await finish(evaluateRun(openRun(run)));
    expect(existsSync(tuned(run, "export.json"))).toBe(true);
    expect(openRun(run).answers[0]!.artifact_sha256).not.toBe(openRun(run).verdict.artifact_sha256);
  }, 120_000);

  test("files that lorafit did not write", async () => {
    const { task, run } = await signed();
    writeFileSync(tuned(run, "modeling.py"), "");
    cpSync(join(task, "data/reference.jsonl"), join(run, "drift/queries.jsonl"));
    await refuses(openRun(run), /model\/modeling\.py: was not written by lorafit/, task);
    await refuses(openRun(run), /drift\/queries\.jsonl: was not written by lorafit/, task);
  });

  test("another export of the base than the one that answered", async () => {
    const { task, run } = await signed();
    cpSync(join(run, "export/onnx/tuned"), join(run, "export/onnx/base"), { recursive: true });
    await refuses(openRun(run), /export\/onnx\/base: is not the export that answered as the base/, task);
  });

  test("scores that the answers do not give", async () => {
    const { task, run } = await signed();
    editAnswers(run, (row) => {
      const base = row["base"] as Record<string, unknown>;
      base["score"] = 1 - Number(base["score"]);
    });
    await refuses(openRun(run), /these scores are not what the answers give/, task);
  });

  test("preferences that do not fit their scores", async () => {
    const { task, run } = await signed();
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
  const { task } = await signed();
  rmSync(join(task, "looks.jsonl"));
  rmSync(join(task, "task.lock"));
  await expect(finish(lockProject(new Project(loadTask(task))))).rejects.toMatchObject({
    kind: "mismatch",
    message: expect.stringMatching(/ledger of looks was cut or replaced[\s\S]*its look is not there/),
  });
});

test("with ledger and verdict removed, the lock does not let the run be judged anew", async () => {
  const { task, run } = await signed();
  rmSync(join(task, "looks.jsonl"));
  rmSync(join(run, "verdict.json"));
  await expect(finish(gateRun(openRun(run)))).rejects.toMatchObject({
    kind: "mismatch",
    message: expect.stringContaining("task.lock: names entry 1 of the ledger"),
  });
});

describe("inspect names, in a release,", () => {
  const released = join(emptyFolder(), "out");
  beforeAll(async () => {
    await releaseRun(openRun((await signed()).run), { out: released });
  });

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
      damaged: [
        "release.json: was changed after the release",
        "release.json: names another adapter/adapter_config.json than verdict.json",
      ],
    },
    "another verdict in release.json": {
      forge: (out) =>
        edit(join(out, "release.json"), (json) => {
          json["verdict"] = "fail";
        }),
      damaged: [
        "release.json: was changed after the release",
        "release.json: names another verdict than verdict.json",
      ],
    },
    "another run, task and base in release.json": {
      forge: (out) =>
        edit(join(out, "release.json"), (json) => {
          Object.assign(json, { run: "another", task: "another" });
          (json["base"] as Record<string, unknown>)["licence"] = "mit";
        }),
      damaged: [
        "release.json: was changed after the release",
        "release.json: names another task than verdict.json",
        "release.json: names another run than config.json",
        "release.json: names another base than verdict.json",
      ],
    },
    "an override without a refusal in release.json": {
      forge: (out) =>
        edit(join(out, "release.json"), (json) => {
          json["override"] = { reason: "none", refusals: ["the QA analyst (--role qa) has not signed"] };
        }),
      damaged: [
        "release.json: was changed after the release",
        "release.json: names another list of refusals than verdict.json and sign-offs.jsonl",
        "README.md: does not begin as release.json says",
      ],
    },
    "a listed file that no release has": {
      forge: (out) => {
        writeFileSync(join(out, "queries.jsonl"), "");
        edit(join(out, "release.json"), (json) => {
          const sha256 = createHash("sha256").digest("hex");
          (json["files"] as Record<string, unknown>)["queries.jsonl"] = { bytes: 0, sha256 };
        });
      },
      damaged: ["release.json: was changed after the release", "queries.jsonl: is no file of a release"],
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
    cpSync(released, out, { recursive: true });
    expect((await inspect(out, emptyFolder())).damaged).toEqual([]);
    forge(out);
    expect((await inspect(out, emptyFolder())).damaged).toEqual(damaged);
  });
});

test("inspect shows first that a release was made by override, and notices when release.json no longer says so", async () => {
  const { run } = await signed();
  rmSync(join(run, "sign-offs.jsonl"));
  await signRun(openRun(run), { role: "lead", name: "Ada" });
  const out = join(emptyFolder(), "out");
  await releaseRun(openRun(run), { out, override: "a pilot" });
  const sound = await inspect(out, emptyFolder());
  expect(sound.kind).toBe("release by override; the verdict is pass");
  expect(Object.entries(sound.facts).slice(0, 2)).toEqual([
    ["override_reason", "a pilot"],
    [
      "refused_without_it",
      [expect.stringContaining("has not signed"), expect.stringContaining("has not signed")],
    ],
  ]);
  expect(sound.damaged).toEqual([]);
  edit(join(out, "release.json"), (json) => {
    json["override"] = null;
  });
  expect((await inspect(out, emptyFolder())).damaged).toEqual([
    "release.json: was changed after the release",
    "release.json: names another list of refusals than verdict.json and sign-offs.jsonl",
    "README.md: does not begin as release.json says",
  ]);
});
