/**
 * The parts of this room that the command (src/main.ts) uses on the main thread: its settings, its resources,
 * and the module that every worker loads. The application itself is application.ts.
 */
export { type CloudVmResources, openCloudVmResources } from './resources.ts';
export { CLOUDVM_SETTINGS, type CloudVmSettings } from './settings.ts';

/** File URL of the application module. */
export const CLOUDVM_APPLICATION = new URL('./application.ts', import.meta.url).href;
