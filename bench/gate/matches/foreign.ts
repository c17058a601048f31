/** The match of another project: two commands of its own. */
import { CommandArm } from '../paired/command-arm.ts';
import type { RatioPromise } from '../paired/judge.ts';
import type { Match } from '../paired/match.ts';
import { get } from '../paired/measure-block.ts';

export interface ForeignMatch {
  readonly commandA: string;
  readonly commandB: string;
  /** With {port}, a path, and a query if need be. */
  readonly url: string;
  readonly connections: number;
  readonly pipelined: number;
  readonly promises: readonly RatioPromise[];
}

export function foreignMatch(options: ForeignMatch): Match {
  const { commandA, commandB, url, connections, pipelined, promises } = options;
  return {
    group: 'arm A beside arm B',
    start: async (resources) => ({
      a: resources.use(await CommandArm.start({ name: 'arm A', command: commandA, url })),
      b: resources.use(await CommandArm.start({ name: 'arm B', command: commandB, url })),
    }),
    contests: [
      { name: `GET ${url}`, load: { requests: [get(pathOf(url))], connections, pipelined }, promises },
    ],
  };
}

/** @param url perhaps with {port}, which is no port to a parser */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url.replaceAll('{port}', '1'));
  return pathname + search;
}
