/** What a worker counts of its use of the database, for the metrics of the server. */
import type { MongoClient } from 'mongodb';
import type { Counter, Gauge, Router } from '../../runtime/application.ts';

export interface DatabaseMeters {
  readonly succeeded: Counter;
  readonly failed: Counter;
  /** Not begun, because too many were under way. */
  readonly refused: Counter;
  /** Operations under way, those that wait for a connection included. */
  readonly inFlight: Gauge;
  readonly connections: Gauge;
  readonly connectionsInUse: Gauge;
  /** Operations for which there was no connection in time. */
  readonly connectionFailures: Counter;
}

/** Once, before the router is compiled. */
export function declareDatabaseMeters(router: Pick<Router, 'counter' | 'gauge'>): DatabaseMeters {
  const operations = (outcome: string) =>
    router.counter('cloudvm_database_operations_total', 'Operations of the database.', { outcome });
  return {
    succeeded: operations('success'),
    failed: operations('failure'),
    refused: operations('refused'),
    inFlight: router.gauge('cloudvm_database_operations_in_flight', 'Operations that have not ended.'),
    connections: router.gauge('cloudvm_database_connections', 'Connections to the database.'),
    connectionsInUse: router.gauge(
      'cloudvm_database_connections_in_use',
      'Connections that carry an operation.',
    ),
    connectionFailures: router.counter(
      'cloudvm_database_connection_failures_total',
      'Operations for which there was no connection in time.',
    ),
  };
}

/** Follows the pool of a client that has not connected yet. */
export function watchPool(
  client: Pick<MongoClient, 'on'>,
  { connections, connectionsInUse, connectionFailures }: DatabaseMeters,
): void {
  client.on('connectionCreated', () => connections.add(1));
  client.on('connectionClosed', () => connections.add(-1));
  client.on('connectionCheckedOut', () => connectionsInUse.add(1));
  client.on('connectionCheckedIn', () => connectionsInUse.add(-1));
  client.on('connectionCheckOutFailed', () => connectionFailures.add());
}
