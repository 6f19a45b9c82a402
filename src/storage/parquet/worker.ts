/** The program of a codec thread. */
import { serveTasks } from './host-node.js';
import { runCodec } from './wasm-codec.js';

serveTasks(runCodec);
