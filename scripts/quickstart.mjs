/** `npm run quickstart`: installs and builds what is missing, then runs the tour of examples/quickstart.mjs. */
import { build } from './build.mjs';
import { runNode } from './steps.mjs';

process.exit(build() ? runNode('examples/quickstart.mjs') : 1);
