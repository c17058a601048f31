/** Which routes are cut off, and for how long. */

import { describe, expect, test } from 'vitest';
import { allocateMemory, computeLayout, viewMemory } from '../../../../src/runtime/memory/layout.ts';
import { CutOffRoutes } from '../../../../src/runtime/memory/workers/cut-off-routes.ts';
import { SILENT_LOGGER } from '../../../../src/runtime/server/runtime-logger.ts';
import { RouteCutOff } from '../../../../src/runtime/server/workers/route-cut-off.ts';

const MINUTE = 60_000;

function createCutOff(firstMs?: number) {
  const layout = computeLayout({
    workers: 1,
    connections: 1,
    inboundBytes: 64,
    ringBytes: 65_536,
    coreBytes: 64,
  });
  const routes = new CutOffRoutes(viewMemory(allocateMemory(layout), layout));
  const messages: string[] = [];
  const log = (details: object, message: string) => messages.push(`${JSON.stringify(details)} ${message}`);
  const logger = { ...SILENT_LOGGER, error: log, warn: log };
  const cutOff = new RouteCutOff({ routes, logger, nameOf: (route) => `route ${route}`, firstMs });
  return { cutOff, routes, messages };
}

describe('a route', () => {
  test('is cut off when it has ended three workers within a minute, and no other route is', () => {
    const { cutOff, routes, messages } = createCutOff();
    cutOff.blame(7, 1_000);
    cutOff.blame(7, 2_000);
    cutOff.blame(8, 2_000);
    expect(routes.isCutOff(7)).toBe(false);
    cutOff.blame(7, 3_000);
    expect(routes.isCutOff(7)).toBe(true);
    expect(routes.isCutOff(8)).toBe(false);
    expect(routes.secondsLeft(7, 3_500)).toBe(10);
    expect(messages).toEqual([
      '{"route":"route 7","seconds":10,"workers":3} A route has ended its workers again and again, and is cut off',
    ]);
  });

  test('is not cut off for deaths that are far apart', () => {
    const { cutOff, routes } = createCutOff();
    for (let death = 0; death < 10; death++) cutOff.blame(7, death * 31_000);
    expect(routes.isCutOff(7)).toBe(false);
  });

  test('is open again afterwards, and cut off for twice as long at its next death, within a bound', () => {
    const { cutOff, routes } = createCutOff();
    for (let death = 0; death < 3; death++) cutOff.blame(7, 1_000);
    let now = 1_000;
    for (const seconds of [10, 20, 40, 80, 160, 300, 300]) {
      cutOff.check(now + seconds * 1_000 - 1);
      expect(routes.isCutOff(7)).toBe(true);
      now += seconds * 1_000;
      cutOff.check(now);
      expect(routes.isCutOff(7)).toBe(false);
      cutOff.blame(7, ++now);
    }
  });

  test('is forgotten after ten minutes without a death', () => {
    const { cutOff, routes } = createCutOff();
    for (let death = 0; death < 3; death++) cutOff.blame(7, 1_000);
    cutOff.check(11_000);
    cutOff.check(11_001 + 10 * MINUTE);
    cutOff.blame(7, 11_002 + 10 * MINUTE);
    expect(routes.isCutOff(7)).toBe(false);
  });

  test('is open again when a new version of the application is loaded', () => {
    const { cutOff, routes } = createCutOff();
    for (let death = 0; death < 3; death++) cutOff.blame(7, 1_000);
    cutOff.forget();
    expect(routes.isCutOff(7)).toBe(false);
  });

  test.each([-1, -2, 100_000])('that has no word is not cut off: %i', (route) => {
    const { cutOff, routes, messages } = createCutOff();
    for (let death = 0; death < 3; death++) cutOff.blame(route, 1_000);
    expect(routes.isCutOff(route)).toBe(false);
    expect(messages).toEqual([]);
  });

  test('is never cut off if that is switched off', () => {
    const { cutOff, routes } = createCutOff(0);
    for (let death = 0; death < 30; death++) cutOff.blame(7, 1_000);
    expect(routes.isCutOff(7)).toBe(false);
  });
});
