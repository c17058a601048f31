/** What a scenario sends, to which arms, and what it must take care of. */
import type { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import type { SeededUser } from '../laboratory/cloudvm/dataset.ts';
import type { Normalize } from '../laboratory/equality/answers.ts';
import type { LoadRequest } from '../laboratory/load/request.ts';

/** What its requests may refer to. */
export interface World {
  /** Signs tokens that every arm accepts. */
  readonly jwtSecret: string;
  /** None without a database. */
  readonly users: readonly SeededUser[];
}

/** The names of arms that take part, and why others do not. Both are a part of the result. */
export interface ChosenArms {
  readonly names: readonly string[];
  readonly without: Readonly<Record<string, string>>;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly about: string;
}

/** Load of another kind, on connections of its own, while the scenario's own load is measured. */
export interface BesideLoad {
  readonly request: LoadRequest;
  readonly connections: number;
  /** Its requests per second are a figure of each round. */
  readonly figure: Figure;
}

/** Measured after each round, and not a part of it. */
export interface FurtherMeasurement {
  readonly figures: readonly Figure[];
  /** @param requestsPerSecond of the round. @returns a number for each of the figures, by its name */
  measure(url: string, requestsPerSecond: number, seconds: number): Promise<Readonly<Record<string, number>>>;
}

export interface Scenario {
  /** As on the command line and in results. */
  readonly name: string;
  /** A sentence for a reader. */
  readonly about: string;
  readonly application: 'plain' | 'cloudvm';
  readonly arms: ChosenArms;
  readonly connections: number;
  /** Requests that each connection sends together. 1 if absent. */
  readonly pipelining?: number;
  /** Of a block, where less shows nothing. */
  readonly leastSeconds?: number;
  /** What comes after the load of a round takes about so long: settling, further measurements. */
  readonly secondsAfterRound?: number;
  /** Whether each request has a connection of its own. Its requests must ask for `Connection: close`. */
  readonly closes?: boolean;
  /** What a reader of the numbers has to know. */
  readonly remarks?: readonly string[];
  /** Sent in random order. */
  requests(world: World): readonly LoadRequest[];
  /** Further requests that all arms must answer alike, such as those that are refused. */
  alsoCompared?(world: World): readonly LoadRequest[];
  readonly normalize?: Normalize;
  readonly beside?: BesideLoad;
  readonly further?: FurtherMeasurement;
  /** Ends when the work that a load has left behind is done. It counts as the load's. */
  settle?(database: DatabaseService): Promise<void>;
  /** Takes away what a load has made. */
  cleanUp?(database: DatabaseService): Promise<void>;
}
