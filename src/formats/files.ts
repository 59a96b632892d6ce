import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { LorafitError } from "../errors.ts";

/**
 * Runs file-system work that changes `path`. A LorafitError passes through.
 * @param hint advice for the reader of the error
 * @throws environment error "PATH: cannot be written: REASON" for a full disk, a missing permission and the like
 */
export function writing<T>(path: string, work: () => T, hint = "check free space and permission"): T {
  try {
    return work();
  } catch (cause) {
    if (LorafitError.is(cause)) throw cause;
    throw new LorafitError("environment", `${path}: cannot be written: ${(cause as Error).message}`, {
      hint,
      cause,
    });
  }
}

/**
 * Writes a whole file or nothing: temporary name, fsync, rename. Makes missing folders.
 * @throws environment error that names the file
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writing(path, () => {
      makeFolder(dirname(path));
      writePieces(temporary, [typeof content === "string" ? Buffer.from(content) : content]);
      renameSync(temporary, path);
    });
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/**
 * Makes a folder and those above it. Not mkdirSync's own `recursive`, which never returns where a parent exists and
 * nothing can be made in it (such as /proc on Linux; seen with Node 20).
 * @throws the system's error
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is no folder: there is nothing to remove.
  }
}

/** Writes a file piece by piece, so that one is in memory at a time, and brings it to the disk. @throws the system's error */
export function writePieces(path: string, pieces: Iterable<ArrayBufferView>): void {
  const file = openSync(path, "w");
  try {
    for (const { buffer, byteOffset, byteLength } of pieces)
      writeAll(file, new Uint8Array(buffer, byteOffset, byteLength));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** All bytes to an open file, in pieces that the system takes. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; )
    at += writeSync(file, bytes, at, Math.min(bytes.length - at, 1 << 30));
}

/**
 * Adds a line to a file that only ever grows, and brings it to the disk.
 * @throws environment error that names the file
 */
export function appendLine(path: string, line: string): void {
  writing(path, () => {
    const file = openSync(path, "a");
    try {
      writeAll(file, Buffer.from(`${line}\n`));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** The lines of a file that `appendLine` keeps; none where there is no file yet. @throws environment error that names the file */
export function appendedLines(path: string): string[] {
  if (!existsSync(path)) return [];
  const text = reading(path, () => readFileSync(path, "utf8"), { kind: "environment" });
  return text.split("\n").filter((line) => line !== "");
}

/** Opens a file for reading. @returns the result of `parse`. @throws data error when it cannot be read, and as `parse` does */
export function parseFile<T>(path: string, parse: (file: number) => T): T {
  return reading(path, () => {
    const file = openSync(path, "r");
    try {
      return parse(file);
    } finally {
      closeSync(file);
    }
  });
}

/** Runs work that reads `path`. @throws error of that kind, "PATH: cannot be read: REASON", for an error of the system */
export function reading<T>(
  path: string,
  work: () => T,
  { kind = "data", hint }: { readonly kind?: "data" | "usage" | "environment"; readonly hint?: string } = {},
): T {
  try {
    return work();
  } catch (cause) {
    if (LorafitError.is(cause) || !isSystemError(cause)) throw cause;
    const isShort = cause.code === "EMFILE" || cause.code === "ENFILE" || cause.code === "EIO";
    throw new LorafitError(
      isShort ? "environment" : kind,
      `${path}: cannot be read: ${systemReason(cause)}`,
      {
        ...(hint === undefined ? {} : { hint }),
        cause,
      },
    );
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "is a folder, not a file",
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  ELOOP: "is a circle of links",
  ENAMETOOLONG: "the path is too long",
  EMFILE: "too many files are open",
};

/** An error of the file system in words. */
const systemReason = (error: NodeJS.ErrnoException): string => REASONS[error.code ?? ""] ?? error.message;

/** sha256 of a file, read in pieces. @throws data error when it cannot be read */
export function sha256File(path: string): string {
  return parseFile(path, (file) => {
    const hash = createHash("sha256");
    const piece = Buffer.alloc(1 << 22);
    for (let got = readSync(file, piece); got > 0; got = readSync(file, piece))
      hash.update(piece.subarray(0, got));
    return hash.digest("hex");
  });
}

/** `length` bytes from `offset` on, in a buffer of their own; null when the file ends before. */
export function readBytesAt(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  const fd = openSync(path, "r");
  try {
    for (let at = 0; at < length; ) {
      const got = readSync(fd, bytes, at, Math.min(length - at, 1 << 30), offset + at);
      if (got === 0) return null;
      at += got;
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
}
