/**
 * Vitest's global setup: one process of each peer for the whole run, started at its first request. Test files run in
 * processes of their own, so they reach the peers through a socket: a line in, a line out, and the connection ends.
 */
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Engine } from './oracle-folder.js';
import { type Answer, PeerProcess } from './peer-process.js';

/** Names the socket for the processes of the tests, which inherit the environment. */
const SOCKET_VARIABLE = 'VARVE_TEST_PEERS';

interface Request {
  readonly engine: Engine;
  readonly op: string;
  readonly args: object;
}

type Reply = { readonly answer: Answer } | { readonly failure: string };

const peers = new Map<Engine, PeerProcess>();
let server: Server | undefined;
let users = 0;

/** Opens the socket; called once for each project of the run. */
export async function setup(): Promise<void> {
  users++;
  if (server !== undefined) return;
  const path = join(tmpdir(), `varve-peers-${process.pid}.sock`);
  rmSync(path, { force: true });
  const opened = createServer(serve);
  server = opened;
  await new Promise<void>((resolve, reject) => {
    opened.once('error', reject);
    opened.listen(path, resolve);
  });
  opened.unref();
  process.env[SOCKET_VARIABLE] = path;
}

/** Ends the peers with the last project of the run. */
export async function teardown(): Promise<void> {
  users--;
  if (users > 0) return;
  server?.close();
  server = undefined;
  await Promise.all([...peers.values()].map(async (peer) => await peer.close()));
  peers.clear();
}

/** Sends one request to the run's peer. Rejects when the peer cannot be started, or dies. */
export async function askBroker(request: Request): Promise<Answer> {
  const path = process.env[SOCKET_VARIABLE];
  if (path === undefined) throw new Error('the peers are reached from a vitest run only');
  const reply = await new Promise<Reply>((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`no answer of ${request.engine}`)));
    createInterface({ input: socket }).once('line', (line) => resolve(JSON.parse(line) as Reply));
    socket.write(`${JSON.stringify(request)}\n`);
  });
  if ('failure' in reply) throw new Error(reply.failure);
  return reply.answer;
}

function serve(socket: Socket): void {
  // A test that was ended while it waited closes its side; there is nobody left to tell.
  socket.on('error', () => socket.destroy());
  createInterface({ input: socket }).once('line', (line) => {
    void answer(JSON.parse(line) as Request).then((reply) =>
      socket.end(`${JSON.stringify(reply)}\n`),
    );
  });
}

async function answer({ engine, op, args }: Request): Promise<Reply> {
  try {
    const peer = peers.get(engine) ?? new PeerProcess(engine);
    peers.set(engine, peer);
    return { answer: await peer.tryAsk(op, args) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
