/** `npm run quickstart`: installs and builds what is missing, then runs the tour of examples/quickstart.mjs. */
import { build } from './build.mjs';
import { exitUnlessOk, runNode } from './steps.mjs';

build();
exitUnlessOk(runNode('examples/quickstart.mjs'));
