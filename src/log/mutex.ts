/** Writers of one process take turns, so that they do not collide with each other; other processes still may. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything queued before has ended, however it ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work, work);
    this.#tail = turn;
    return turn;
  }
}
