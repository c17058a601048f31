/** The entry of the embedded database's thread in the bundle, build/js/database-thread.js. */
process.setSourceMapsEnabled(true);

await import('../../src/embedded-mongodb/thread/thread.ts');

export {};
