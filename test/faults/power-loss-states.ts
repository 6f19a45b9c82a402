/**
 * What may be left of a disk when the power goes: everything that was flushed, and of the rest anything. A file's
 * unflushed bytes are lost, there, cut or zeros, whatever its size says; of a folder's unflushed names any subset is
 * there. Nothing is assumed of the order in which a disk writes.
 */
import {
  type DiskEvent,
  type FileInode,
  type FolderInode,
  overwritten,
  ROOT_INO,
} from './simulated-disk.js';

interface FileState {
  readonly kind: 'file';
  flushed: Uint8Array;
  /** With everything that was written since. */
  written: Uint8Array;
}

interface FolderState {
  readonly kind: 'folder';
  readonly flushed: Map<string, number>;
  pending: DiskEvent[];
}

/** A disk in between: what is flushed and what is not, after the events it was told. */
export class UnsureDisk {
  readonly #inodes = new Map<number, FileState | FolderState>([
    [ROOT_INO, { kind: 'folder', flushed: new Map(), pending: [] }],
  ]);

  tell(event: DiskEvent): void {
    switch (event.kind) {
      case 'new':
        this.#inodes.set(event.ino, newState(event.is));
        return;
      case 'write': {
        const file = this.#inodes.get(event.ino);
        if (file?.kind === 'file') file.written = overwritten(file.written, event.bytes, event.at);
        return;
      }
      case 'name':
      case 'unname':
      case 'rename': {
        const folder = this.#inodes.get(event.folder);
        if (folder?.kind === 'folder') folder.pending.push(event);
        return;
      }
      case 'sync':
        this.#sync(event.ino);
    }
  }

  /** How many states differ, at most: the product of all that is unsure. */
  get size(): number {
    return this.#dimensions().reduce((product, { options }) => product * options, 1);
  }

  /**
   * One of the states.
   *
   * @param random - decides all that is unsure
   */
  state(random: () => number): { readonly root: FolderInode; readonly lastIno: number } {
    const choice = new Map<number, number>();
    for (const { ino, options } of this.#dimensions()) {
      choice.set(ino, Math.floor(random() * options));
    }
    const files = new Map<number, FileInode>();
    const folder = (ino: number): FolderInode => {
      const entries: FolderInode['entries'] = new Map();
      for (const [name, child] of this.#names(ino, choice.get(ino) ?? 0)) {
        const state = this.#inodes.get(child);
        if (state?.kind === 'folder') entries.set(name, folder(child));
        else if (state !== undefined) {
          const file = files.get(child) ?? fileOf(child, state, choice.get(child) ?? 0);
          files.set(child, file);
          entries.set(name, file);
        }
      }
      return { ino, kind: 'folder', entries };
    };
    return { root: folder(ROOT_INO), lastIno: Math.max(...this.#inodes.keys()) };
  }

  #sync(ino: number): void {
    const state = this.#inodes.get(ino);
    if (state?.kind === 'file') state.flushed = state.written;
    else if (state !== undefined) {
      for (const event of state.pending) apply(state.flushed, event);
      state.pending = [];
    }
  }

  #dimensions(): readonly { readonly ino: number; readonly options: number }[] {
    return [...this.#inodes].flatMap(([ino, state]) => {
      if (state.kind === 'folder') {
        return state.pending.length === 0 ? [] : [{ ino, options: 2 ** state.pending.length }];
      }
      return state.written === state.flushed ? [] : [{ ino, options: LEFT_OF_A_FILE.length }];
    });
  }

  /** The names in a folder of which the bits of `subset` tell which pending changes have reached the disk. */
  #names(ino: number, subset: number): ReadonlyMap<string, number> {
    const state = this.#inodes.get(ino);
    if (state?.kind !== 'folder') return new Map();
    const names = new Map(state.flushed);
    for (const [at, event] of state.pending.entries()) {
      if (Math.floor(subset / 2 ** at) % 2 === 1) apply(names, event);
    }
    return names;
  }
}

type Unsure = Pick<FileState, 'flushed' | 'written'>;

const LEFT_OF_A_FILE: readonly ((file: Unsure) => Uint8Array)[] = [
  ({ flushed }) => flushed,
  ({ written }) => written,
  ({ written }) => written.slice(0, Math.floor(written.length / 2)),
  ({ written, flushed }) => overwritten(new Uint8Array(written.length), flushed, 0),
  ({ written }) => written.map((byte, at) => (at % 4096 < 2048 ? byte : 0)),
];

function newState(is: 'file' | 'folder'): FileState | FolderState {
  if (is === 'folder') return { kind: 'folder', flushed: new Map(), pending: [] };
  const nothing = new Uint8Array();
  return { kind: 'file', flushed: nothing, written: nothing };
}

function fileOf(ino: number, state: FileState, left: number): FileInode {
  const choose = LEFT_OF_A_FILE[left] ?? LEFT_OF_A_FILE[0];
  return { ino, kind: 'file', bytes: choose?.(state) ?? state.flushed, modifiedNs: 1n };
}

function apply(names: Map<string, number>, event: DiskEvent): void {
  if (event.kind === 'name') names.set(event.name, event.ino);
  if (event.kind === 'unname') names.delete(event.name);
  if (event.kind !== 'rename') return;
  names.delete(event.name);
  names.set(event.to, event.ino);
}
