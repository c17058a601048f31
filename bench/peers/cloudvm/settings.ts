/** The settings of the peer. The benchmark starts it with the same names that this server knows. */
export interface PeerSettings {
  readonly mongodbUri: string;
  readonly databaseName: string;
  readonly jwtSecret: string;
  readonly jwtTtlSeconds: number;
  /** More than one: a cluster. */
  readonly processes: number;
  /** Whether what is simultaneous travels together: reads by id, equal counts, inserts, starts of VMs. */
  readonly batched: boolean;
}

export function readPeerSettings(environment: NodeJS.ProcessEnv): PeerSettings {
  const { MONGODB_URI, MONGODB_DB = 'cloudvm', JWT_SECRET, PEER_PROCESSES = '1', PEER_BATCHED } = environment;
  if (MONGODB_URI === undefined || JWT_SECRET === undefined) {
    throw new Error('MONGODB_URI and JWT_SECRET must be set');
  }
  return {
    mongodbUri: MONGODB_URI,
    databaseName: MONGODB_DB,
    jwtSecret: JWT_SECRET,
    jwtTtlSeconds: 604_800,
    processes: Number(PEER_PROCESSES),
    batched: PEER_BATCHED === 'true',
  };
}
