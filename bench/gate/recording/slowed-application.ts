/**
 * Another application (SLOWED_APPLICATION, a file URL), with more work after each response. BURNED_STEPS says
 * how much: an object in JSON, of which each name is a path and each number its steps (burn.ts). It plants a
 * slowdown of a known size, of which neither the server nor the application knows.
 */
import type { ApplicationModule, Router } from '../../../src/runtime/application.ts';
import { burn } from './burn.ts';

const slowed: ApplicationModule = await import(process.env['SLOWED_APPLICATION'] ?? '');
const steps = new Map<string, number>(Object.entries(JSON.parse(process.env['BURNED_STEPS'] ?? '{}')));

export function routes(router: Router): void {
  router.finish(({ path }) => void burn(steps.get(path) ?? 0));
  slowed.routes(router);
}

export const { prepare, start, stop } = slowed;
