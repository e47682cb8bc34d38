// A file system in memory, to be read only, in the form that Go's programs expect (Node's fs): what os.Open
// reads in the worker. wasm_exec.js takes it instead of its own, in which there are no files.
"use strict";

const memoryFiles = new Map(); // path → Uint8Array

(() => {
  const fail = (code) => Object.assign(new Error(code), { code });
  const open = new Map(); // descriptor → { path, at }
  let next = 100;
  let line = "";

  const stat = (path) => {
    const bytes = memoryFiles.get(path), isFile = bytes !== undefined;
    const isDirectory = !isFile && [...memoryFiles.keys()].some((p) => p.startsWith(path.replace(/\/*$/, "/")));
    if (!isFile && !isDirectory) { return null; }
    return { dev: 0, ino: 0, mode: isFile ? 0o100444 : 0o040555, nlink: 1, uid: 0, gid: 0, rdev: 0, size: isFile ? bytes.length : 0, blksize: 4096, blocks: 0,
      atimeMs: 0, mtimeMs: 0, ctimeMs: 0, isDirectory: () => isDirectory };
  };
  const answer = (value, callback) => value === null ? callback(fail("ENOENT")) : callback(null, value);
  const print = (bytes) => {
    line += new TextDecoder().decode(bytes);
    const end = line.lastIndexOf("\n");
    if (end >= 0) { console.log(line.slice(0, end)); line = line.slice(end + 1); }
    return bytes.length;
  };

  const fs = {
    constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_TRUNC: 512, O_APPEND: 1024, O_EXCL: 128, O_DIRECTORY: 65536 },
    writeSync(descriptor, bytes) { return print(bytes); },
    write(descriptor, bytes, offset, length, position, callback) {
      if (descriptor > 2) { callback(fail("EROFS")); } else { callback(null, print(bytes.subarray(offset, offset + length))); }
    },
    open(path, flags, mode, callback) {
      if (flags & 3) { callback(fail("EROFS")); return; }
      if (!stat(path)) { callback(fail("ENOENT")); return; }
      open.set(next, { path, at: 0 });
      callback(null, next++);
    },
    close(descriptor, callback) { open.delete(descriptor); callback(null); },
    stat(path, callback) { answer(stat(path), callback); },
    lstat(path, callback) { answer(stat(path), callback); },
    fstat(descriptor, callback) { answer(open.has(descriptor) ? stat(open.get(descriptor).path) : null, callback); },
    read(descriptor, buffer, offset, length, position, callback) {
      const file = open.get(descriptor), bytes = file && memoryFiles.get(file.path);
      if (!bytes) { callback(fail(file ? "EISDIR" : "EBADF")); return; }
      const at = position === null ? file.at : Number(position);
      const part = bytes.subarray(Math.min(at, bytes.length), Math.min(at + length, bytes.length));
      buffer.set(part, offset);
      if (position === null) { file.at += part.length; }
      callback(null, part.length);
    },
    readdir(path, callback) { callback(null, [...memoryFiles.keys()].filter((p) => p.startsWith(path + "/")).map((p) => p.slice(path.length + 1))); },
    fsync(descriptor, callback) { callback(null); },
  };
  for (const name of ["chmod", "chown", "fchmod", "fchown", "ftruncate", "lchown", "link", "mkdir", "readlink", "rename", "rmdir", "symlink", "truncate", "unlink", "utimes"]) {
    fs[name] = (...args) => args.at(-1)(fail("EROFS"));
  }
  globalThis.fs = fs;
})();
