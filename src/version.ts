/** The version of this package, as it is written into every commit's `engineInfo`. A test holds it to package.json. */
export const VERSION = '0.1.0';
